#!/bin/sh
# Measures PyTorch and Tesela beside each other: training of alexnet32, kernels, and one model read by both.
#
#   benches/peers/run.sh --out DIR [--data MRI_SLICES] [--epochs 25] [--threads 2] [--rounds 2] [--python PYTHON]
#
# What is not installed is named and left out. Nothing is downloaded. DIR must not exist.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out='' data="$root/../shared/data/mri_volumes" epochs=25 threads=2 rounds=2 python=python3
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
    case $1 in
    --out) out=$2 ;;
    --data) data=$2 ;;
    --epochs) epochs=$2 ;;
    --threads) threads=$2 ;;
    --rounds) rounds=$2 ;;
    --python) python=$2 ;;
    *) echo "run.sh: no option $1; see its first lines" >&2; exit 2 ;;
    esac
    shift 2
done
[ -n "$out" ] || { echo "run.sh: say where to with --out DIR" >&2; exit 2; }
[ ! -e "$out" ] || { echo "run.sh: $out exists; nothing is overwritten" >&2; exit 2; }
tesela="$root/target/release/tesela"
[ -x "$tesela" ] || { echo "run.sh: $tesela is missing; cargo build --release makes it" >&2; exit 1; }
has_data=yes
[ -d "$data" ] || { has_data=; echo "no images at $data: training and the model are left out" >&2; }
has() { "$python" -c "import $1" 2>/dev/null || { echo "$python has no $1: $2 left out" >&2; return 1; }; }
has_torch=
if has torch 'all of PyTorch is'; then has_torch=yes; fi

mkdir -p "$out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
{ date -u +%Y-%m-%dT%H:%M:%SZ; uname -sr; cat /proc/loadavg; lscpu 2>/dev/null | grep -E '^(Model name|CPU\(s\)|L2|L3)' || true; } > "$out/machine.txt" 2>/dev/null
if [ -n "$has_data" ]; then
    round=1
    while [ "$round" -le "$rounds" ]; do
        # They take turns, so that neither has the quieter hour.
        if [ -n "$has_torch" ] && has torchvision 'PyTorch training is'; then
            OMP_PROC_BIND=close "$python" "$here/pytorch_train.py" --data "$data" --epochs "$epochs" --threads "$threads" > "$out/pytorch_train_$round.json"
        fi
        "$tesela" -q train "$root/experiments/train_alexnet32.toml" --data "$data" --epochs "$epochs" \
            --protocol A --device cpu --threads "$threads" --out "$scratch/$round" > /dev/null
        cp "$scratch/$round"/*/*/metrics.json "$out/tesela_train_$round.json"
        round=$((round + 1))
    done
    if [ -n "$has_torch" ] && has safetensors 'the model is' && has torchvision 'the model is'; then
        "$python" "$here/load_model.py" --model "$scratch"/1/*/*/model.safetensors --data "$data" --tesela "$tesela" > "$out/load_model.json"
    fi
fi
if [ -n "$has_torch" ]; then
    OMP_PROC_BIND=close "$python" "$here/pytorch_kernels.py" --threads "$threads" > "$out/pytorch_kernels.csv"
fi
ls "$out"
