"""Times PyTorch at the points of one of our `samples.csv`: products, max pooling and its gradient, convolutions and theirs.

    python pytorch_kernels.py --points OURS/samples.csv --out ROWS.csv --threads 2
    python pytorch_kernels.py --points OURS/samples.csv --out ROWS.csv --on device

On the CPU, `peer_pytorch` is what a user writes; `peer_pytorch_channels_last` pools in that layout into outputs that are
allocated ahead, which is the fastest that PyTorch has. It always finds the maxima's positions as well, 8 bytes each.
With `--on device`, on CUDA: single precision with TF32 off, and halves for `matmul_f16`; `kernel_ns` is between two events of
the stream. Between calls a buffer larger than the card's cache is overwritten.
"""

import torch
from torch.nn import functional

import rows

aten = torch.ops.aten


class Clock:
    """Nanoseconds between two events on the stream, around each call."""

    def __init__(self, call):
        self.call = call
        self.events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]

    def __call__(self):
        flush_cache()
        self.events[0].record()
        result = self.call()
        self.events[1].record()
        torch.cuda.synchronize()
        return result

    def ns(self):
        return round(1e6 * self.events[0].elapsed_time(self.events[1]))


def flush_cache(held=[]):
    """Overwrites 256 MiB of the device and waits: what a call reads then comes from memory."""
    if not held:
        held.append(torch.empty(64 << 20, device="cuda"))
    held[0].zero_()
    torch.cuda.synchronize()


def entrants(point, device):
    """Of each variant at this point: its name, the call, and whether a result is right."""
    draw = lambda *sides: torch.rand(*sides, device=device) * 2 - 1
    numpy = lambda tensor: tensor.float().cpu().numpy()
    if point.op in ("matmul", "matmul_f16") and point.has(batch="1", ta="no", tb="no"):
        m, n, k = (point[name] for name in "mnk")
        half = point.op == "matmul_f16"
        kind = torch.half if half else torch.float
        a, b, c = draw(m, k).to(kind), draw(k, n).to(kind), torch.empty(m, n, device=device, dtype=kind)
        # A product of halves is rounded to 11 bits.
        unit = 2.0**-11 if half else 2.0**-24
        right = lambda got: rows.is_product(numpy(a), numpy(b), numpy(got), unit)
        yield "peer_pytorch", lambda: torch.mm(a, b, out=c), right
        return
    usual = point.has(dh="1", dw="1", ceil="floor", pad_value="neg_inf", groups="1")
    if not usual or point.op not in ("maxpool", "maxpool_backward", "conv2d", "conv2d_grad_input", "conv2d_grad_weight"):
        return
    window = point.window()
    kernel, stride, pad = (list(pair) for pair in window)
    if point.op.startswith("maxpool"):
        x = draw(point["n"], point["c"], point["h"], point["w"])
        pool = lambda x: functional.max_pool2d(x, kernel, stride, pad, return_indices=True)
        if point.op == "maxpool_backward":
            y, indices = pool(x)
            dy = torch.rand_like(y)
            sums = lambda dx: abs(dx.double().sum() - dy.double().sum()) <= 1e-3 * dy.double().sum()
            call = lambda: aten.max_pool2d_with_indices_backward(dy, x, kernel, stride, pad, [1, 1], False, indices)
            yield "peer_pytorch", call, lambda dx: bool(sums(dx))
            return
        right = lambda got: rows.is_pooled(numpy(x), numpy(got[0]), window)
        yield "peer_pytorch", lambda: pool(x), right
        if device == "cpu":
            ahead = x.contiguous(memory_format=torch.channels_last)
            y, indices = pool(ahead)
            y.fill_(float("nan"))
            into = aten.max_pool2d_with_indices.out
            call = lambda: into(ahead, kernel, stride, pad, [1, 1], False, out=y, indices=indices)
            yield "peer_pytorch_channels_last", call, right
        return
    x = draw(point["n"], point["ci"], point["h"], point["w"])
    w = draw(point["co"], point["ci"], *kernel)
    b = None if point.has(bias="no") else draw(point["co"])
    y = functional.conv2d(x, w, b, stride, pad)
    if point.op == "conv2d":
        right = lambda got: rows.is_convolved(*(numpy(t) if t is not None else None for t in (x, w, b, got)), window)
        yield "peer_pytorch", lambda: functional.conv2d(x, w, b, stride, pad), right
        return
    dy = torch.rand_like(y) * 2 - 1
    wanted = [point.op == "conv2d_grad_input", point.op == "conv2d_grad_weight", False]
    call = lambda: aten.convolution_backward(dy, x, w, [0], stride, pad, [1, 1], False, [0, 0], 1, wanted)
    # <dx, x> = <dw, w> = <dy, y>: the sums of one product, grouped in three ways.
    size = (dy.abs() * functional.conv2d(x.abs(), w.abs(), None, stride, pad)).double().sum()
    inner = (dy * functional.conv2d(x, w, None, stride, pad)).double().sum()
    own = lambda got: (got[0] * x if wanted[0] else got[1] * w).double().sum()
    yield "peer_pytorch", call, lambda got: bool(abs(own(got) - inner) <= 1e-5 * size)


def main():
    taken = rows.Rows(__doc__)
    on_device = taken.given.on == "device"
    if on_device and not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no CUDA device here")
    torch.set_num_threads(taken.given.threads)
    torch.manual_seed(35)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    with torch.inference_mode():
        for point in taken.points:
            if on_device and point.adapter is None:
                continue
            for variant, call, right in entrants(point, "cuda" if on_device else "cpu"):
                clock = Clock(call) if on_device else None
                taken.take(point, variant, clock or call, right, clock and clock.ns)


if __name__ == "__main__":
    main()
