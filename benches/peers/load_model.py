"""Loads a model that `tesela train` saved into PyTorch and compares what both say of the same images.

    python load_model.py --model RUN/model.safetensors --data MRI_SLICES --tesela target/release/tesela

`tesela classify --json` prints the probabilities of the classes. The logarithm of their ratio to the first class is a
difference of logits, so logits are compared up to a constant for each image. The images are handed over as PNG, since two
decoders of JPEG may differ by a step of grey.
"""

import argparse
import json
import math
import subprocess
import tempfile
from pathlib import Path

import torch

import alexnet


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--tesela", default="target/release/tesela")
    parser.add_argument("--every", type=int, default=13, help="every so many images are compared")
    given = parser.parse_args()
    model = alexnet.load(given.model).eval()
    chosen = alexnet.pictures(given.data)[:: given.every]
    plain = alexnet.plain()
    with torch.no_grad():
        logits = model(torch.stack([plain(picture) for picture, _, _ in chosen])).double()
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / f"{path.stem}.png") for _, _, path in chosen]
        for (picture, _, _), file in zip(chosen, files):
            picture.save(file)
        command = [given.tesela, "classify", given.model, *files, "--json"]
        ours = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    by_image = {found["image"]: found["probabilities"] for found in ours}
    largest = {"probability": 0.0, "logit": 0.0}
    same_label = 0
    for row, file in zip(logits, files):
        mine = [by_image[file][name] for name in alexnet.CLASSES]
        row = row[: len(mine)]
        theirs = torch.softmax(row, 0).tolist()
        total = sum(mine)
        largest["probability"] = max(largest["probability"], *(abs(a / total - b) for a, b in zip(mine, theirs)))
        same_label += mine.index(max(mine)) == theirs.index(max(theirs))
        # A probability of f32 says nothing of a logit far below the largest.
        for at in range(1, len(mine)):
            if min(mine[at], mine[0]) > 1e-6:
                difference = math.log(mine[at] / mine[0]) - (row[at] - row[0]).item()
                largest["logit"] = max(largest["logit"], abs(difference))
    print(json.dumps({
        "torch": torch.__version__,
        "images": len(chosen),
        "same_label": same_label,
        "largest_difference_of_probability": largest["probability"],
        "largest_difference_of_logit": largest["logit"],
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
