#!/usr/bin/env bash
#
# Measures Tesela and what a user could take instead, in turns, into run folders that `tesela report` and `tesela compare`
# read:
#
#   benches/peers/run.sh --out DIR [--only matmul,maxpool,conv,train,device] [--rounds 3] [--samples 5] [--threads N]
#                        [--python PYTHON] [--tesela PROGRAM] [--peers PROGRAM] [--data MRI_SLICES] [--mri BRAIN_IMAGES]
#                        [--device software|gpu]
#
# What is not installed is named and left out; nothing is downloaded. A run that was stopped goes on with the same command:
# what is finished in DIR/rounds is not done again. The tables are made anew from the rounds, then the report.
#
# --only device compares kernels with burn's on one adapter, the software adapter unless --device says gpu; there with
# PyTorch's on CUDA, too, where it sees a device. Without --only, everything but `device` is run; the first round, which
# verifies, takes longest.

set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
command=("benches/peers/run.sh" "$@")
out='' only=matmul,maxpool,conv,train rounds=3 samples=5 threads="$(nproc)" python=python3 device=software
tesela="$root/target/release/tesela"
peers="${CARGO_TARGET_DIR:-$here/rust/target}/release/tesela-peers"
data="$root/../shared/data/mri_volumes" mri="$root/../shared/data/brain_tumor_mri"
while [ $# -gt 0 ]; do
    [ $# -gt 1 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
    case $1 in
    --out) out=$2 ;;
    --only) only=$2 ;;
    --rounds) rounds=$2 ;;
    --samples) samples=$2 ;;
    --threads) threads=$2 ;;
    --python) python=$2 ;;
    --tesela) tesela=$2 ;;
    --peers) peers=$2 ;;
    --data) data=$2 ;;
    --mri) mri=$2 ;;
    --device) device=$2 ;;
    *) echo "run.sh: no option $1; see its first lines" >&2; exit 2 ;;
    esac
    shift 2
done
[ -n "$out" ] || { echo "run.sh: say where to with --out DIR" >&2; exit 2; }
[ -x "$tesela" ] || { echo "run.sh: $tesela is missing; cargo build --release makes it, or name one with --tesela" >&2; exit 1; }
command -v python3 >/dev/null || { echo "run.sh: python3 is missing, which puts the rounds together" >&2; exit 1; }
# Run folders name the images; paths as seen from here say the same on other machines.
if [ -d "$data" ]; then data="$(realpath --relative-to=. "$data")"; fi
if [ -d "$mri" ]; then mri="$(realpath --relative-to=. "$mri")"; fi
mkdir -p "$out/rounds"
out="$(cd "$out" && pwd)"
export TESELA_TUNED="${TESELA_TUNED:-off}"

wants() { case ",$only," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }

notes=()
has() { "$python" -c "import $1" 2>/dev/null; }
version() { "$python" -c "import $1; print($1.__version__)"; }
libraries=()
for library in numpy onnxruntime torch; do
    if has "$library" && has numpy && { [ "$library" != onnxruntime ] || has onnx; }; then
        libraries+=("$library")
        notes+=(--note "$library $(version "$library")")
    else
        echo "run.sh: $python has no $library: left out" >&2
        notes+=(--note "not installed here, so not measured: $library")
    fi
done
rust=
if [ -x "$peers" ]; then
    rust=yes
    # Of two versions the later one is ours: the earlier is a dependency's.
    of_lock() { sed -n "/^name = \"$1\"\$/{n;s/version = \"\(.*\)\"/$1 \1/p;}" "$here/rust/Cargo.lock" | tail -n 1; }
    notes+=(--note "$(printf '%s; ' "$(of_lock burn)" "$(of_lock candle-core)" "$(of_lock gemm)" "$(of_lock matrixmultiply)")$(of_lock ndarray)")
else
    echo "run.sh: $peers is missing: burn, candle, gemm, matrixmultiply and ndarray left out" >&2
    notes+=(--note "not built here, so not measured: burn, candle, gemm, matrixmultiply, ndarray")
fi
notes+=(--note "$rounds rounds, in each our variants and then every library, $threads threads; a point's first call of each round stands apart")

# once MARK COMMAND...: runs the command unless an earlier run has finished it; says how long it took.
once() {
    local mark="$1" began="$SECONDS" status=0
    shift
    [ ! -e "$mark.done" ] || return 0
    "$@" || status=$?
    if [ "$status" -ne 0 ]; then
        echo "run.sh: ended with $status: $*" >&2
        return "$status"
    fi
    touch "$mark.done"
    echo "run.sh: [$SECONDS s] ${mark#"$out/rounds/"} in $((SECONDS - began)) s" >&2
}

# A half-finished sweep is begun anew: its samples are of another minute than the others of its round. The reference takes
# a minute at the large sizes, so what the first round found right is not held to it again.
ours() {
    local first="${4:-}"
    rm -rf "$2"
    "$tesela" -q sweep "$(realpath --relative-to=. "$here")/experiments/$1.toml" --device "$3" --threads "$threads" --no-probe --out "$2" \
        ${first:+--verified-in "$first"} >/dev/null
}

kernels() {
    local options=(--points "$2" --out "$3" --samples "$samples" --threads "$threads")
    case $1 in
    # Threads that are not bound can end on one core. Settings of OpenBLAS for another machine slow NumPy down.
    numpy) env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OMP_NUM_THREADS="$threads" OMP_PROC_BIND=close \
        "$python" "$here/numpy_kernels.py" "${options[@]}" ;;
    onnxruntime) "$python" "$here/onnxruntime_kernels.py" "${options[@]}" ;;
    torch) OMP_NUM_THREADS="$threads" OMP_PROC_BIND=close "$python" "$here/pytorch_kernels.py" "${options[@]}" ;;
    rust) RAYON_NUM_THREADS="$threads" MATMUL_NUM_THREADS="$threads" "$peers" "${options[@]}" ;;
    burn) "$peers" "${options[@]}" --on device ;;
    cuda) "$python" "$here/pytorch_kernels.py" "${options[@]}" --on device ;;
    esac 2>>"$3.log"
}

# table NAME DEVICE LIBRARY...: the rounds of one experiment, and its run folder.
table() {
    local name="$1" on="$2" round folder ours=() rows=()
    shift 2
    for ((round = 1; round <= rounds; round++)); do
        folder="$out/rounds/$name/$round"
        mkdir -p "$folder"
        once "$folder/ours" ours "$name" "$folder/ours" "$on" "${ours[0]:-}"
        ours+=("$(dirname "$(ls "$folder"/ours/*/*/samples.csv)")")
        for library in "$@"; do
            once "$folder/$library" kernels "$library" "${ours[-1]}/samples.csv" "$folder/$library.csv" ||
                notes+=(--note "$library ended early in round $round of $name")
            rows+=("$folder/$library.csv")
        done
    done
    rm -rf "$out/peers_$name"
    python3 "$here/merge.py" --out "$out/peers_$name" --ours "${ours[@]}" --rows "${rows[@]}" "${notes[@]}" \
        --command "${command[@]}" >/dev/null
}

among() { for library in "${libraries[@]}"; do case " $* " in *" $library "*) printf '%s\n' "$library" ;; esac; done; }

train_ours() {
    local network="$1" folder="$2"
    shift 2
    rm -rf "$folder"
    "$tesela" -q train "$root/experiments/train_$network.toml" --device cpu --threads "$threads" --out "$folder" "$@" >/dev/null
    find "$folder" -name '*.safetensors' -delete
}

theirs() { "$python" "$here/$1.py" --threads "$threads" "${@:3}" >"$2"; }

training() {
    local round folder folders=()
    for ((round = 1; round <= rounds; round++)); do
        folder="$out/rounds/training/$round"
        mkdir -p "$folder"
        if [ -d "$data" ]; then
            once "$folder/alexnet32" train_ours alexnet32 "$folder/alexnet32" --data "$data" --epochs 25 --protocol A
            once "$folder/alexnet32_pytorch" theirs pytorch_train "$folder/alexnet32_pytorch.json" --data "$data" --epochs 25
        fi
        if [ -d "$mri" ]; then
            once "$folder/mri4" train_ours mri4 "$folder/mri4" --data "$mri" --group-column link_group --epochs 6
            once "$folder/mri4_pytorch" theirs pytorch_mri4 "$folder/mri4_pytorch.json" --epochs 6
        fi
        folders+=("$folder")
    done
    rm -rf "$out/peers_training"
    python3 "$here/merge.py" --out "$out/peers_training" --training "${folders[@]}" "${notes[@]}" \
        --command "${command[@]}" >/dev/null
}

mapfile -t products < <(among numpy onnxruntime torch)
mapfile -t images < <(among onnxruntime torch)
mapfile -t gradients < <(among torch)
if wants matmul; then table matmul cpu "${products[@]}" ${rust:+rust}; fi
if wants maxpool; then table maxpool cpu "${images[@]}" ${rust:+rust}; fi
if wants conv; then
    table conv2d cpu "${images[@]}"
    table conv2d_grad_input cpu "${gradients[@]}"
    table conv2d_grad_weight cpu "${gradients[@]}"
fi
if wants train; then
    if has torchvision && { [ -d "$data" ] || [ -d "$mri" ]; }; then
        training
    else
        echo "run.sh: $python has no torchvision, or there are no images at $data and $mri: training left out" >&2
    fi
fi
if wants device; then
    if [ "$device" = software ]; then export CUBECL_WGPU_DEFAULT_DEVICE=Cpu; fi
    cuda=
    if [ "$device" = gpu ] && has torch && "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
        cuda=yes
    elif [ "$device" = gpu ]; then
        echo "run.sh: $python has no PyTorch with a CUDA device: PyTorch on CUDA left out" >&2
    fi
    table device_matmul "$device" ${rust:+burn} ${cuda:+cuda}
    table device_maxpool "$device" ${rust:+burn} ${cuda:+cuda}
fi
# Paths as seen from here, so that the page's command is one for other machines too.
mapfile -t tables < <(realpath --relative-to=. "$out"/peers_*)
"$tesela" report "${tables[@]}" --out "$(realpath --relative-to=. "$out")/report"
