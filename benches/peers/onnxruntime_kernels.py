"""Times ONNX Runtime on the CPU at the points of one of our `samples.csv`: a model of one node a point, built on the fly.

    python onnxruntime_kernels.py --points OURS/samples.csv --out ROWS.csv --threads 2

Outputs are bound to memory that is allocated ahead. Training is not part of the runtime, so there are no gradients.
"""

import numpy
import onnxruntime
from onnx import TensorProto, helper

import rows


def session(node, shapes, threads):
    """A model of one node on tensors of these shapes by name; the node's last output is the model's."""
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name])
    graph = helper.make_graph([node], "one", [value(name) for name in node.input], [value("y")])
    # The oldest versions that have what is used here, so that every runtime reads the model.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def bound(model, inputs, y):
    """A call with inputs and output in place."""
    binding = model.io_binding()
    for name, array in inputs.items():
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
    out = onnxruntime.OrtValue.ortvalue_from_numpy(y)
    binding.bind_ortvalue_output("y", out)

    def call():
        model.run_with_iobinding(binding)
        return out

    return call


def main():
    taken = rows.Rows(__doc__)
    threads = taken.given.threads
    draw = numpy.random.default_rng(35)

    def inputs(**shapes):
        return {name: draw.uniform(-1, 1, sides).astype("f4") for name, sides in shapes.items()}

    for point in taken.points:
        if point.op == "matmul" and point.has(batch="1", ta="no", tb="no"):
            m, n, k = (point[name] for name in "mnk")
            given = inputs(a=(m, k), b=(k, n))
            node, shape = helper.make_node("MatMul", ["a", "b"], ["y"]), (m, n)
            right = lambda got, given=given: rows.is_product(given["a"], given["b"], got.numpy())
        elif point.op in ("maxpool", "conv2d") and point.has(
            dh="1", dw="1", ceil="floor", pad_value="neg_inf", indices="no", groups="1"
        ):
            window = point.window()
            kernel, stride, (ph, pw) = window
            h, w = point["h"], point["w"]
            oh, ow = ((side + 2 * pad - k) // s + 1 for side, pad, k, s in zip((h, w), (ph, pw), kernel, stride))
            about = {"kernel_shape": kernel, "strides": stride, "pads": [ph, pw, ph, pw]}
            if point.op == "maxpool":
                given = inputs(x=(point["n"], point["c"], h, w))
                shape = (point["n"], point["c"], oh, ow)
                node = helper.make_node("MaxPool", ["x"], ["y"], **about)
                right = lambda got, given=given, window=window: rows.is_pooled(given["x"], got.numpy(), window)
            else:
                given = inputs(x=(point["n"], point["ci"], h, w), w=(point["co"], point["ci"], *kernel))
                if not point.has(bias="no"):
                    given |= inputs(b=(point["co"],))
                shape = (point["n"], point["co"], oh, ow)
                node = helper.make_node("Conv", list(given), ["y"], **about)
                right = lambda got, given=given, window=window: rows.is_convolved(
                    given["x"], given["w"], given.get("b"), got.numpy(), window
                )
        else:
            continue
        y = numpy.full(shape, numpy.nan, "f4")
        model = session(node, {name: array.shape for name, array in given.items()} | {"y": shape}, threads)
        taken.take(point, "peer_onnxruntime", bound(model, given, y), right)


if __name__ == "__main__":
    main()
