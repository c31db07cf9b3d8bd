"""Trains `mri4` in PyTorch with the counts and the batch of `tesela train`, and prints JSON: seconds of every epoch.

    python pytorch_mri4.py --train 161 --valid 41 --epochs 6 --threads 2

Images are drawn at random: what an image shows takes no time. The augmentation is that of experiments/train_mri4.toml,
image by image on tensors. Adam 1e-3, batch 32, validation after each epoch.
"""

import argparse
import json
import platform
import resource
import time

import torch
from torch import nn
from torchvision import transforms

import mri4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", type=int, default=161)
    parser.add_argument("--valid", type=int, default=41)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1234)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    draw = lambda count: torch.rand(count, 3, mri4.SIDE, mri4.SIDE)
    train, valid = draw(given.train), draw(given.valid)
    label = lambda count: (torch.arange(count) % 2).float().unsqueeze(1)
    y_train, y_valid = label(given.train), label(given.valid)
    change = transforms.Compose([
        transforms.RandomRotation(10),
        transforms.RandomHorizontalFlip(0.5),
        transforms.ColorJitter(brightness=0.1, contrast=0.1),
    ])  # fmt: skip
    model = mri4.network()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_of = nn.BCEWithLogitsLoss()
    seconds = []
    for _ in range(given.epochs):
        begin = time.perf_counter()
        model.train()
        for chosen in torch.randperm(given.train).split(given.batch):
            x = torch.stack([change(train[i]) for i in chosen])
            optimiser.zero_grad()
            loss = loss_of(model(x), y_train[chosen])
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            for x, y in zip(valid.split(given.batch), y_valid.split(given.batch)):
                loss_of(model(x), y).item()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({
        "what": "PyTorch, mri4",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "threads": given.threads,
        "epochs": given.epochs,
        "batch": given.batch,
        "train_images": given.train,
        "valid_images": given.valid,
        "parameters": sum(p.numel() for p in model.parameters()),
        "wall_s": sum(seconds),
        "epoch_s": seconds,
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
