"""Times NumPy's product at the points of one of our `samples.csv`.

    python numpy_kernels.py --points OURS/samples.csv --out ROWS.csv --threads 2

Its threads are those of OMP_NUM_THREADS. NumPy has no pooling and no convolution of images.
"""

import numpy

import rows


def main():
    taken = rows.Rows(__doc__)
    draw = numpy.random.default_rng(35)
    for point in taken.points:
        if point.op != "matmul" or not point.has(batch="1", ta="no", tb="no"):
            continue
        m, n, k = (point[name] for name in "mnk")
        a, b = (draw.uniform(-1, 1, sides).astype("f4") for sides in [(m, k), (k, n)])
        c = numpy.full((m, n), numpy.nan, "f4")
        taken.take(
            point, "peer_numpy", lambda: numpy.matmul(a, b, out=c), lambda got: rows.is_product(a, b, got)
        )


if __name__ == "__main__":
    main()
