"""Times PyTorch's training step of the thesis's AlexNet on a device, eager and as a CUDA graph, and prints JSON.

    python pytorch_step.py --device cuda --epochs 50

One sample is what an epoch of `tesela train experiments/train_alexnet32.toml --protocol A` is: a step on 245 images (forward,
loss, backward, Adam) and the loss of 28 images for validation, read back. Images are on the device already; in Tesela
worker threads prepare them meanwhile. TF32 is off.
"""

import argparse
import json
import time

import torch
from torch import nn

import alexnet

TRAIN, VALID = 245, 28


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--epochs", type=int, default=50)
    given = parser.parse_args()
    torch.manual_seed(1234)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    on_cuda = given.device == "cuda"
    model = alexnet.network().to(given.device)
    alexnet.initialise(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, capturable=on_cuda)
    loss_of = nn.CrossEntropyLoss()
    x = torch.rand(TRAIN, 3, 32, 32, device=given.device)
    y = torch.arange(TRAIN, device=given.device) % 3
    x_valid, y_valid = x[:VALID].clone(), y[:VALID].clone()

    def step():
        model.train()
        optimiser.zero_grad(set_to_none=True)
        loss_of(model(x), y).backward()
        optimiser.step()

    def validate():
        model.eval()
        with torch.no_grad():
            return loss_of(model(x_valid), y_valid)

    def timed(step, validate):
        seconds = []
        for _ in range(given.epochs):
            begin = time.perf_counter()
            step()
            validate().item()
            seconds.append(time.perf_counter() - begin)
        return seconds

    eager, graphs = timed(step, validate), []
    if on_cuda:
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                step()
        torch.cuda.current_stream().wait_stream(side)
        training, validation = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(training):
            step()
        with torch.cuda.graph(validation):
            loss = validate()

        def replayed():
            validation.replay()
            return loss

        graphs = timed(training.replay, replayed)
    print(json.dumps({
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if on_cuda else given.device,
        "train_images": TRAIN,
        "valid_images": VALID,
        "batch": 256,
        "eager_s": eager,
        "graphs_s": graphs,
    }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
