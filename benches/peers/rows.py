"""Points from one of our `samples.csv`, and rows of other libraries in the same columns. Standard library alone."""

import argparse
import csv
import sys
import time


class Point:
    """One op at one set of sizes, with the cells that all of its rows share."""

    def __init__(self, cells, size_names):
        self.cells = cells
        self.op = cells["op"]
        self.sizes = {name: cells[name] for name in size_names if cells[name] != ""}
        self.cpu = self.adapter = None

    def __getitem__(self, name):
        return int(self.sizes[name])

    def has(self, **words):
        """Whether each size has this word, or the op has no such size."""
        return all(self.sizes.get(name, word) == word for name, word in words.items())

    def window(self):
        """Window, stride and padding, a pair each."""
        return tuple((self[f"{name}h"], self[f"{name}w"]) for name in "ksp")

    def __str__(self):
        return self.op + " " + " ".join(f"{name}={value}" for name, value in self.sizes.items())


def read_points(path):
    """The columns of the file, and its points, each once."""
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames
        size_names = header[header.index("threads") + 1 : header.index("flops")]
        found = {}
        for row in reader:
            key = (row["op"], *(row[name] for name in size_names))
            point = found.setdefault(key, Point(row, size_names))
            if row["threads"]:
                point.cpu = row["adapter"]
            else:
                point.adapter = (row["adapter"], row["software"])
    return header, list(found.values())


class Rows:
    """Takes samples and writes them as rows."""

    def __init__(self, doc, more=()):
        parser = argparse.ArgumentParser(description=doc.splitlines()[0])
        parser.add_argument("--points", required=True, help="a samples.csv of ours")
        parser.add_argument("--out", required=True, help="where the rows go")
        parser.add_argument("--on", choices=["cpu", "device"], default="cpu")
        parser.add_argument("--threads", type=int, default=2)
        parser.add_argument("--samples", type=int, default=5, help="samples of a point at most")
        parser.add_argument("--seconds", type=float, default=2.0, help="seconds of a point, then no further sample")
        for name, options in more:
            parser.add_argument(name, **options)
        self.given = parser.parse_args()
        header, self.points = read_points(self.given.points)
        self.file = open(self.given.out, "w", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, header, lineterminator="\n")
        self.writer.writeheader()

    def take(self, point, variant, call, is_right, clock=None):
        """Calls once, asks `is_right` of what came back, then takes samples. `clock` returns the nanoseconds of the
        device's work in the call before it, where there is a device."""
        try:
            first, result = timed(call)
        except (RuntimeError, NotImplementedError, ValueError) as error:
            self.write(point, variant, status="skipped", reason=" ".join(str(error).split())[:200])
            return
        if not is_right(result):
            self.write(point, variant, status="failed", reason="its output is not the right one")
            return
        del result
        self.sample(point, variant, "first", 0, first, clock)
        if first < 1e9 * self.given.seconds:
            timed(call)
        taken, begin = 0, time.monotonic()
        while taken < self.given.samples and (taken == 0 or time.monotonic() - begin < self.given.seconds):
            ns, _ = timed(call)
            self.sample(point, variant, "warm", taken, ns, clock)
            taken += 1
        print(f"{variant} {point}: {taken} samples, the last {ns / 1e6:.3f} ms", file=sys.stderr)

    def sample(self, point, variant, call, number, ns, clock):
        if self.given.on == "cpu":
            times = {"total_ns": ns, "clock": "wall"}
        else:
            # The data stay on the device: there is no end-to-end time.
            times = {"resident_ns": ns, "clock": "wall"}
            if clock:
                times |= {"kernel_ns": clock(), "clock": "timestamp"}
        self.write(point, variant, call=call, sample=number, status="ok", **times)

    def write(self, point, variant, **cells):
        row = {name: value for name, value in point.cells.items() if not name.endswith("_ns")}
        row |= {"variant": variant, "sample": 0, "call": "", "clock": "", "reason": ""}
        if self.given.on == "cpu":
            row |= {"adapter": point.cpu or "unknown", "software": "false", "threads": self.given.threads}
        else:
            adapter, software = point.adapter or ("unknown", "false")
            row |= {"adapter": adapter, "software": software, "threads": ""}
        self.writer.writerow(row | cells)
        self.file.flush()


def timed(call):
    begin = time.perf_counter_ns()
    result = call()
    return time.perf_counter_ns() - begin, result


LOOKS = 64


def looked_at(*sides):
    """Places of an array that are looked at; the strides are primes, so that they are spread out."""
    return [tuple(look * prime % side for prime, side in zip((31, 7919, 104729, 15485863), sides)) for look in range(LOOKS)]


def is_product(a, b, c, unit=2.0**-24):
    """Whether entries of `c` are those of `a @ b` within (k + 2) `unit` of the sum of |a| |b|. NumPy arrays."""
    k = a.shape[1]
    for i, j in looked_at(*c.shape):
        terms = a[i].astype("f8") * b[:, j].astype("f8")
        if not abs(float(c[i, j]) - terms.sum()) <= (k + 2) * unit * abs(terms).sum():
            return False
    return True


def is_pooled(x, y, window):
    """Whether entries of `y` are the maxima of their windows of `x`, NCHW. NumPy arrays."""
    (kh, kw), (sh, sw), (ph, pw) = window
    for n, c, r, q in looked_at(*y.shape):
        top, left = r * sh - ph, q * sw - pw
        of = x[n, c, max(top, 0) : top + kh, max(left, 0) : left + kw]
        if not of.max() == y[n, c, r, q]:
            return False
    return True


def is_convolved(x, w, b, y, window):
    """Whether entries of `y` are those of the cross-correlation of `x` with `w`, plus `b` where it is given."""
    (kh, kw), (sh, sw), (ph, pw) = window
    for n, o, r, q in looked_at(*y.shape):
        top, left = r * sh - ph, q * sw - pw
        rows, columns = slice(max(top, 0), top + kh), slice(max(left, 0), left + kw)
        of = x[n, :, rows, columns].astype("f8")
        first = (max(top, 0) - top, max(left, 0) - left)
        taps = w[o, :, first[0] : first[0] + of.shape[1], first[1] : first[1] + of.shape[2]].astype("f8")
        sum_, size = (of * taps).sum(), abs(of * taps).sum()
        if b is not None:
            sum_, size = sum_ + float(b[o]), size + abs(float(b[o]))
        if not abs(float(y[n, o, r, q]) - sum_) <= (w[o].size + 2) * 2.0**-24 * size:
            return False
    return True
