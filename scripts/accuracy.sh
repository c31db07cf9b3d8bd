#!/usr/bin/env bash
#
# The accuracies that the README quotes: the thesis's network by three protocols and three seeds, and `mri4` by three
# seeds, into run folders and one report.
#
#   scripts/accuracy.sh [OUT]
#
# OUT is `results` unless given. The images are looked for in ../shared/data; TESELA_DATA names another folder with
# `mri_volumes` and `brain_tumor_mri` in it. About five minutes on two cores.

set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
out="${1:-results}"
data="${TESELA_DATA:-../shared/data}"
tesela="${TESELA:-target/release/tesela}"
for folder in mri_volumes brain_tumor_mri; do
    if [ ! -d "$data/$folder" ]; then
        echo "accuracy: there is no $data/$folder; TESELA_DATA says where the images are" >&2
        exit 2
    fi
done
[ -x "$tesela" ] || cargo build --locked --release

folders=()
# train ARGUMENT...: one run; its folder joins the report, its weights go: the same seed makes them again.
train() {
    local folder
    folder="$("$tesela" train "$@" --out "$out" --quiet </dev/null)"
    rm -f "$folder/model.safetensors"
    folders+=("$folder")
    echo "accuracy: $folder" >&2
}

for run in "A 25" "B 50" "C 50"; do
    read -r protocol epochs <<<"$run"
    for seed in 1234 1235 1236; do
        train experiments/train_alexnet32.toml --data "$data/mri_volumes" \
            --protocol "$protocol" --epochs "$epochs" --seed "$seed"
    done
done
for seed in 1234 1235 1236; do
    train experiments/train_mri4.toml --data "$data/brain_tumor_mri" --group-column link_group --seed "$seed"
done
"$tesela" report "${folders[@]}" --out "$out/accuracy"
