#!/usr/bin/env bash
#
# One measured run on a machine with a GPU, made to be fetched from there:
#
#   scripts/gpu_bench.sh [OUT]        (OUT: a new folder; target/gpu_bench unless told)
#
#   TESELA_BIN       a program that is built already; else it is built here
#   TESELA_DEVICE    which device (gpu: a real one or nothing)
#   TESELA_DATA      MRI slices for the reproduction (../shared/data/mri_volumes where that is there)
#   TESELA_SECONDS   time for all steps together (470); the steps that no longer fit are stopped or left out
#   TESELA_PYTHON    a Python whose torch sees the device (python3); without one PyTorch's side of the table is left out
#   TESELA_PACK      1: leave OUT/results.tar.gz in place of the folder
#
# First comes the table beside PyTorch (OUT/results/peers_*: products in single and half precision, max pooling forward and
# backward, a training step), then the check of all variants, the sweeps over sizes, the reproduction and a training in mixed
# precision in what time is left.
#
# A step that fails does not stop the next ones; the exit code is 1 if any failed. OUT/steps.tsv says how each ended,
# OUT/<step>.log what it printed.

set -uo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
out="${1:-$root/target/gpu_bench}"
if [ -e "$out/steps.tsv" ]; then
    echo "gpu_bench: $out holds an earlier run; name another folder" >&2
    exit 2
fi
mkdir -p "$out/results" || exit 1
out="$(cd "$out" && pwd)"
tesela="${TESELA_BIN:+$(realpath "$TESELA_BIN")}"
cd "$root" || exit 1

if [ -z "$tesela" ]; then
    cargo build --release --locked --bin tesela || exit 1
    tesela="${CARGO_TARGET_DIR:-target}/release/tesela"
fi
device="${TESELA_DEVICE:-gpu}"
data="${TESELA_DATA:-}"
for folder in ../shared/data/mri_volumes shared/data/mri_volumes; do
    [ -n "$data" ] || [ ! -d "$folder" ] || data="$folder"
done
deadline="$((SECONDS + ${TESELA_SECONDS:-470}))"
failed=0
printf 'step\texit\tseconds\n' >"$out/steps.tsv"

# step NAME SECONDS COMMAND...: stdout to NAME.out, stderr to NAME.log. Stopped by SIGINT, upon which tesela keeps every
# sample that it has taken.
step() {
    local name="$1" limit="$2" began="$SECONDS" status=0
    shift 2
    local left="$((deadline - SECONDS))"
    [ "$limit" -le "$left" ] || limit="$left"
    if [ "$limit" -lt 5 ]; then
        echo "gpu_bench: no time left for $name" >&2
        printf '%s\tleft out\t0\n' "$name" >>"$out/steps.tsv"
        failed=1
        return
    fi
    echo "gpu_bench: $name (at most $limit s)" >&2
    timeout --signal=INT --kill-after=20 "$limit" "$@" </dev/null >"$out/$name.out" 2>"$out/$name.log" || status=$?
    printf '%s\t%d\t%d\n' "$name" "$status" "$((SECONDS - began))" >>"$out/steps.tsv"
    if [ "$status" -ne 0 ]; then
        failed=1
        echo "gpu_bench: $name ended with $status" >&2
        tail -n 5 "$out/$name.log" >&2
    fi
}

peers="$root/benches/peers"
python="${TESELA_PYTHON:-python3}"
has_torch=
if "$python" -c 'import torch, numpy, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    has_torch=yes
else
    echo "gpu_bench: $python has no torch that sees a CUDA device: no PyTorch in the table" >&2
fi

# beside EXPERIMENT: our kernels, PyTorch at the same points, and both in one run folder.
beside() {
    local name="$1" work="$out/rounds/$1" ours rows=() notes=()
    step "$name" 100 "$tesela" sweep "$peers/experiments/$name.toml" --device "$device" --out "$work"
    ours="$(find "$work" -name samples.csv 2>/dev/null | head -n 1)"
    [ -n "$ours" ] || return
    if [ -n "$has_torch" ]; then
        step "${name}_pytorch" 60 "$python" "$peers/pytorch_kernels.py" --points "$ours" --out "$work/pytorch.csv" \
            --on device --samples 20 --seconds 2
        rows=(--rows "$work/pytorch.csv")
        notes=(--note "PyTorch $("$python" -c 'import torch; print(torch.__version__, torch.cuda.get_device_name())'), TF32 off")
    fi
    step "${name}_merge" 20 python3 "$peers/merge.py" --out "$out/results/peers_$name" --ours "$(dirname "$ours")" \
        "${rows[@]}" "${notes[@]}"
}

# Whether the chosen adapter has halves in shaders; the CPU rounds by itself.
has_halves() {
    python3 -c 'import json, sys
found = json.load(sys.stdin)
chosen = found["chosen"]
sys.exit(chosen is not None and "SHADER_F16" not in found["devices"][chosen]["features"])' <"$out/devices.out"
}

step devices 60 "$tesela" devices --json --device "$device"
beside gpu_matmul
# Half precision where this program has the op.
if "$tesela" check no_such_op --device cpu 2>&1 | grep -q matmul_f16; then beside gpu_matmul_f16; fi
beside gpu_maxpool
beside gpu_maxpool_backward
mkdir -p "$out/rounds/step"
step train_step 60 "$tesela" train experiments/train_alexnet32.toml --device "$device" --epochs 50 --protocol A \
    ${data:+--data "$data"} --out "$out/rounds/step/alexnet32"
if [ -n "$has_torch" ]; then
    step train_step_pytorch 60 "$python" "$peers/pytorch_step.py" --epochs 50
    cp "$out/train_step_pytorch.out" "$out/rounds/step/pytorch_step.json"
    step train_step_merge 20 python3 "$peers/merge.py" --out "$out/results/peers_step" --step "$out/rounds/step"
fi
step report 60 "$tesela" report "$out"/results/peers_* --out "$out/results/report"
step check 180 "$tesela" check all --device "$device" --json
for experiment in experiments/gpu_*.toml; do
    [ -e "$experiment" ] || continue
    step "sweep_$(basename "$experiment" .toml)" 240 \
        "$tesela" sweep "$experiment" --device "$device" --out "$out/results"
done
step train_alexnet32 120 "$tesela" train experiments/train_alexnet32.toml --device "$device" --epochs 50 \
    ${data:+--data "$data"} --out "$out/results"
step reproduce 300 "$tesela" reproduce --device "$device" ${data:+--data "$data"} --out "$out/results"
# The same network in mixed precision, where the device's shaders have halves. Last, so that it takes no time of other steps.
if has_halves; then
    step train_alexnet32_mixed 120 "$tesela" train experiments/train_alexnet32.toml --device "$device" --epochs 50 \
        --precision mixed ${data:+--data "$data"} --out "$out/results"
else
    echo "gpu_bench: no halves in shaders (shader-f16): no training in mixed precision" >&2
fi
# Weights are large, and the same seed makes them again.
find "$out/results" "$out/rounds" -name '*.safetensors' -delete

cat "$out/steps.tsv" >&2
if [ "${TESELA_PACK:-0}" = 1 ]; then
    # A few files travel better than many.
    pack="$(mktemp)"
    if tar -C "$out" -czf "$pack" --exclude=./results.tar.gz .; then
        find "$out" -mindepth 1 -maxdepth 1 ! -name steps.tsv -exec rm -rf {} +
        mv "$pack" "$out/results.tar.gz"
    else
        failed=1
    fi
fi
exit "$failed"
