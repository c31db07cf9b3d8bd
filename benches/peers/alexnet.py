"""The thesis's AlexNet for 32 x 32 images in PyTorch, its initial values, its data and its augmentation."""

import random
from pathlib import Path

import torch
from torch import nn

CLASSES = ["anatomical", "functional", "metaanalytic"]
# Layers with parameters by the names that a Tesela checkpoint has for them, by their places in the network.
NAMES = {
    "conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10,
    "linear1": 15, "linear2": 18, "linear3": 20,
}  # fmt: skip


def network(outputs=10):
    """Layer for layer as the thesis prints it; ten outputs for three classes, as its code left them."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, stride=2, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True),
        nn.Conv2d(64, 192, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(256 * 2 * 2, 4096), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Linear(4096, 4096), nn.ReLU(inplace=True),
        nn.Linear(4096, outputs),
    )  # fmt: skip


def initialise(model):
    """Kaiming normal for convolutions, Xavier normal with the gain of a relu for dense layers, zero biases."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain=nn.init.calculate_gain("relu"))
            nn.init.zeros_(layer.bias)


def plain(antialias=False):
    """A picture as the network takes it: 32 x 32, (x - 0.5) / 0.5."""
    from torchvision import transforms

    return transforms.Compose([
        transforms.ToTensor(),
        transforms.Resize((32, 32), antialias=antialias),
        transforms.Normalize([0.5] * 3, [0.5] * 3),
    ])


def augmented():
    """The thesis's changes to training images."""
    from torchvision import transforms

    return transforms.Compose([
        transforms.RandomRotation(5),
        transforms.Resize((32, 32)),
        transforms.RandomHorizontalFlip(0.5),
        transforms.RandomCrop(32, padding=2),
        transforms.ToTensor(),
        transforms.Normalize([0.5] * 3, [0.5] * 3),
    ])


def pictures(folder):
    """Decoded images and labels, a folder per class, below `folder` or its `jpg`."""
    from PIL import Image

    folder = Path(folder)
    if (folder / "jpg").is_dir():
        folder = folder / "jpg"
    found = []
    for label, name in enumerate(CLASSES):
        for path in sorted((folder / name).iterdir()):
            found.append((Image.open(path).convert("RGB"), label, path))
    return found


def split(examples, seed, train=245, valid=28):
    """The thesis's printed counts: all 273 images divided into 245 and 28. (Its 99 test images are among them.)"""
    order = list(range(len(examples)))
    random.Random(seed).shuffle(order)
    return order[:train], order[train : train + valid]


def load(path):
    """A network with the parameters of a Tesela checkpoint."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    model = network(outputs=tensors["linear3.bias"].numel())
    with torch.no_grad():
        for name, place in NAMES.items():
            model[place].weight.copy_(tensors.pop(f"{name}.weight"))
            model[place].bias.copy_(tensors.pop(f"{name}.bias"))
    if tensors:
        raise SystemExit(f"{path} holds tensors that this network has no place for: {sorted(tensors)}")
    return model
