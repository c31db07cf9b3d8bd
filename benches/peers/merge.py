"""Puts rounds of one table into one run folder: our rows and the other libraries', samples numbered through.

    python merge.py --out OUT/peers_matmul --ours RUN_FOLDER... --rows ROWS.csv... --note TEXT... --command WORD...
    python merge.py --out OUT/peers_training --training ROUND_FOLDER... --note TEXT... --command WORD...
    python merge.py --out OUT/peers_step --step FOLDER --note TEXT... --command WORD...

Of training, a round folder holds `<network>` (our run folder) and `<network>_pytorch.json`. One sample is a whole training
there, and for `epochs = 1` one epoch. Of steps on a device, the folder holds `alexnet32` (our run folder) and
`pytorch_step.json`. Standard library alone.
"""

import argparse
import csv
import json
import shutil
from pathlib import Path

BACK = (
    "flops bytes seed sample call prepare_ns compile_ns upload_ns encode_ns kernel_ns resident_ns download_ns total_ns "
    "clock status reason"
).split()
TRAINING = "experiment op variant adapter software threads network images batch epochs".split() + BACK


def numbered(tables):
    """The rows of all tables; each variant's samples at a point numbered from 0, a reason kept once."""
    header, counts, rows = None, {}, []
    for names, table in tables:
        header = header or names
        if names != header:
            raise SystemExit(f"columns differ: {names} and {header}")
        sizes = names[names.index("threads") + 1 : names.index("flops")]
        for row in table:
            key = (row["op"], row["variant"], row["threads"], row["call"], row["reason"], *(row[name] for name in sizes))
            number = counts[key] = counts.get(key, -1) + 1
            if row["call"]:
                rows.append(row | {"sample": number})
            elif number == 0:
                rows.append(row)
    return header, rows


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return reader.fieldnames, list(reader)


def of_training(folder):
    """The rows of one round of trainings."""
    rows = []
    for theirs in sorted(folder.glob("*_pytorch.json")):
        network = theirs.name.removesuffix("_pytorch.json")
        peer = json.loads(theirs.read_text())
        run_folder = next((folder / network).glob("*/*/metrics.json")).parent
        run = json.loads((run_folder / "run.json").read_text())
        ours = json.loads((run_folder / "metrics.json").read_text())
        _, epochs = read(run_folder / "training.csv")
        shared = {name: "" for name in TRAINING} | {
            "experiment": "peers_training", "op": "training", "adapter": run["cpu"], "software": "false",
            "threads": peer["threads"], "network": network, "images": peer["train_images"] + peer["valid_images"],
            "batch": peer["batch"], "flops": 0, "bytes": 0, "seed": run["seed"], "sample": 0, "call": "warm",
            "clock": "wall", "status": "ok",
        }  # fmt: skip
        of = {
            "cpu": (ours["wall_s"], [float(row["seconds"]) for row in epochs]),
            "peer_pytorch": (peer["wall_s"], peer["epoch_s"]),
        }
        for variant, (wall, seconds) in of.items():
            if len(seconds) != peer["epochs"]:
                raise SystemExit(f"{network}: {variant} trained {len(seconds)} epochs, not {peer['epochs']}")
            for count, times in {peer["epochs"]: [wall], 1: seconds}.items():
                for number, time in enumerate(times):
                    # The first epoch of a process warms up what the others find warm.
                    call = "first" if count == 1 and number == 0 else "warm"
                    ns = round(1e9 * time)
                    rows.append(shared | {"variant": variant, "epochs": count, "total_ns": ns, "call": call})
    return TRAINING, rows


def of_steps(folder):
    """The rows of training steps on a device: our epochs of one step each, and PyTorch's."""
    run_folder = next((folder / "alexnet32").glob("**/metrics.json")).parent
    run = json.loads((run_folder / "run.json").read_text())
    peer = json.loads((folder / "pytorch_step.json").read_text())
    _, epochs = read(run_folder / "training.csv")
    adapter = run["adapter"] or {"name": run["cpu"], "software": False}
    shared = {name: "" for name in TRAINING} | {
        "experiment": "peers_step", "op": "training_step", "adapter": adapter["name"],
        "software": str(adapter["software"]).lower(), "network": "alexnet32",
        "images": peer["train_images"] + peer["valid_images"], "batch": peer["batch"], "epochs": 1, "flops": 0,
        "bytes": 0, "seed": run["seed"], "sample": 0, "clock": "wall", "status": "ok",
    }  # fmt: skip
    of = {"gpu": [float(row["seconds"]) for row in epochs], "peer_pytorch": peer["eager_s"]}
    if peer["graphs_s"]:
        of["peer_pytorch_graphs"] = peer["graphs_s"]
    rows = []
    for variant, seconds in of.items():
        for number, time in enumerate(seconds):
            call = "first" if number == 0 else "warm"
            rows.append(shared | {"variant": variant, "call": call, "resident_ns": round(1e9 * time)})
    return TRAINING, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ours", type=Path, nargs="*", default=[])
    parser.add_argument("--rows", type=Path, nargs="*", default=[])
    parser.add_argument("--training", type=Path, nargs="*", default=[])
    parser.add_argument("--step", type=Path)
    parser.add_argument("--note", action="append", default=[])
    parser.add_argument("--command", nargs=argparse.REMAINDER, default=[])
    given = parser.parse_args()
    tables = [read(folder / "samples.csv") for folder in given.ours]
    tables += [read(path) for path in given.rows if path.exists()]
    tables += [of_training(folder) for folder in given.training]
    tables += [of_steps(given.step)] if given.step else []
    header, rows = numbered(tables)
    rounds = [*given.training, *([given.step] if given.step else [])]
    folders = given.ours or [path.parent for folder in rounds for path in sorted(folder.glob("*/*/*/run.json"))]
    runs = [json.loads((folder / "run.json").read_text()) for folder in folders]
    run = runs[0] | {
        "command": given.command or runs[0]["command"],
        "finished": max(r["finished"] for r in runs if r["finished"]),
        "status": "complete",
        "notes": runs[0]["notes"] + given.note,
    }
    if rounds:
        texts = {r["experiment"]: r["experiment_text"] for r in runs}
        name = "peers_step" if given.step else "peers_training"
        run |= {"experiment": name, "experiment_text": "\n".join(texts.values())}
    given.out.mkdir(parents=True)
    with open(given.out / "samples.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (given.out / "run.json").write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n")
    # What the machine can reach, where our run measured it.
    for folder in given.ours[:1]:
        if (folder / "ceilings.json").exists():
            shutil.copy(folder / "ceilings.json", given.out)
    print(given.out)


if __name__ == "__main__":
    main()
