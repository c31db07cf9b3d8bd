"""Times PyTorch's products and max pooling at sizes of our experiments and prints CSV: seconds of every sample.

    python pytorch_kernels.py --threads 2 > kernels.csv

Matrices n x n x n as in `thesis_matmul`, one plane n x n with windows of 2 as in `thesis_maxpool`, and the layers of
`alexnet32`. Inputs are drawn once; five warm-up runs are thrown away. PyTorch's max pooling also gives 64-bit positions
where they are asked for, and allocates its outputs in every run. Compare with `kernel_ns` of `samples.csv`, of the variant
`library` for products and `rayon` for pooling.
"""

import argparse
import csv
import sys
import time

import torch
from torch.nn import functional


def samples(work, count):
    for _ in range(5):
        work()
    for _ in range(count):
        begin = time.perf_counter()
        work()
        yield time.perf_counter() - begin


def cases():
    for n in [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]:
        a, b, c = torch.rand(n, n), torch.rand(n, n), torch.empty(n, n)
        yield "matmul", f"m={n}", lambda a=a, b=b, c=c: torch.mm(a, b, out=c)
    for m, n, k in [(245, 4096, 1024), (245, 4096, 4096)]:
        a, b, c = torch.rand(m, k), torch.rand(n, k), torch.empty(m, n)
        yield "matmul", f"m={m} n={n} k={k} tb=yes", lambda a=a, b=b, c=c: torch.mm(a, b.t(), out=c)
    for n in [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]:
        x = torch.randn(1, 1, n, n)
        yield "maxpool", f"h={n} kh=2", lambda x=x: functional.max_pool2d(x, 2)
    for c, h in [(64, 16), (192, 8), (256, 4)]:
        x = torch.randn(245, c, h, h)
        yield "maxpool", f"n=245 c={c} h={h} kh=2 indices=yes", lambda x=x: functional.max_pool2d(x, 2, return_indices=True)
    for ci, h, co in [(64, 8, 192), (192, 4, 384), (384, 4, 256), (256, 4, 256)]:
        x, w = torch.randn(245, ci, h, h), torch.randn(co, ci, 3, 3)
        yield "conv2d", f"n=245 ci={ci} h={h} co={co} kh=3 ph=1", lambda x=x, w=w: functional.conv2d(x, w, padding=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=15)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(35)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["op", "sizes", "software", "threads", "sample", "seconds"])
    with torch.no_grad():
        for op, sizes, work in cases():
            for number, seconds in enumerate(samples(work, given.samples)):
                out.writerow([op, sizes, f"torch {torch.__version__}", given.threads, number, f"{seconds:.9f}"])


if __name__ == "__main__":
    main()
