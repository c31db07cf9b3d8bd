"""The network `mri4` in PyTorch, layer for layer as experiments/networks/mri4.toml has it."""

from torch import nn

SIDE = 128


def network():
    blocks, channels = [], 3
    for filters in (32, 64, 64, 128):
        blocks += [nn.Conv2d(channels, filters, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(
        *blocks, nn.Flatten(),
        nn.Linear(128 * 6 * 6, 128), nn.ReLU(inplace=True), nn.Dropout(0.5),
        nn.Linear(128, 64), nn.ReLU(inplace=True), nn.Dropout(0.3),
        nn.Linear(64, 1),
    )  # fmt: skip
