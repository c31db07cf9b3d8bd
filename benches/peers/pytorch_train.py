"""Trains the thesis's AlexNet in PyTorch with the counts, batch and epochs of `tesela train`, and prints JSON.

    python pytorch_train.py --data MRI_SLICES --epochs 25 --threads 2

Adam 1e-3, batch 256, augmentation in the same process on decoded images, validation after each epoch, best weights kept.
The clock runs from the first epoch to the last, as `wall_s` of `tesela train` does; images are decoded before.
"""

import argparse
import copy
import json
import os
import platform
import random
import resource
import time

import torch
from torch import nn

import alexnet


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1234)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    random.seed(given.seed)

    examples = alexnet.pictures(given.data)
    train, valid = alexnet.split(examples, given.seed)
    change, plain = alexnet.augmented(), alexnet.plain()
    model = alexnet.network()
    alexnet.initialise(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.CrossEntropyLoss()

    def batch(indices, transform):
        x = torch.stack([transform(examples[i][0]) for i in indices])
        return x, torch.tensor([examples[i][1] for i in indices])

    x_valid, y_valid = batch(valid, plain)
    load = os.getloadavg()
    best, kept, seconds = float("inf"), None, []
    start = time.perf_counter()
    for _ in range(given.epochs):
        begin = time.perf_counter()
        model.train()
        random.shuffle(train)
        for first in range(0, len(train), given.batch):
            x, y = batch(train[first : first + given.batch], change)
            optimiser.zero_grad()
            loss = loss_of(model(x), y)
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            logits = model(x_valid)
            valid_loss = loss_of(logits, y_valid).item()
        if valid_loss < best:
            best, kept = valid_loss, copy.deepcopy(model.state_dict())
        seconds.append(time.perf_counter() - begin)
    wall = time.perf_counter() - start
    model.load_state_dict(kept)
    with torch.no_grad():
        model.eval()
        accuracy = (model(x_valid).argmax(1) == y_valid).float().mean().item()
    print(json.dumps({
        "what": "PyTorch, AlexNet of the thesis",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": given.threads,
        "seed": given.seed,
        "epochs": given.epochs,
        "batch": given.batch,
        "train_images": len(train),
        "valid_images": len(valid),
        "wall_s": wall,
        "epoch_s": seconds,
        "median_epoch_s": sorted(seconds)[len(seconds) // 2],
        "images_per_s": given.epochs * len(train) / wall,
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "best_valid_loss": best,
        "valid_accuracy": accuracy,
        "load_average_before": load[0],
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
