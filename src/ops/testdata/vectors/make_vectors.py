# Makes vectors.tpuir (graph text, one graph per case) and vectors.npz (inputs and wanted outputs) with PyTorch and ONNX's
# own reference code: values that tpuc did not compute.   python3 make_vectors.py      needs python3-torch, python3-onnx
import os

import numpy as np
import torch
import torch.nn.functional as F
from onnx.backend.test.case.node.resize import cubic_coeffs, interpolate_nd, linear_coeffs, nearest_coeffs

HERE = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(7)
text, arrays = [], {}


def data(*dims, low=-1.0, high=1.0):
    return torch.from_numpy(rng.uniform(low, high, dims).astype(np.float32))


def shape(t):
    return 'f32[%s]' % ','.join(map(str, t.shape))


def case(name, op, attrs, inputs, want, dtype='f32'):
    """A graph of one operator; `attrs` as the text form writes them."""
    names = ['x', 'a', 'b', 'c', 'd'][:len(inputs)]
    heads = ', '.join('%%%s: %s' % (n, shape(t)) for n, t in zip(names, inputs))
    kind = '%s[%s]' % (dtype, ','.join(map(str, want.shape)))
    text.append('graph @%s(%s) -> (%%y) {\n  %%y = %s(%s)%s : %s\n}\n' %
                (name, heads, op, ', '.join('%' + n for n in names), ' {%s}' % attrs if attrs else '', kind))
    for n, t in zip(names, inputs):
        arrays['%s/%s' % (name, n)] = t.numpy()
    arrays['%s/y' % name] = np.ascontiguousarray(want)


def convolutions():
    x, w, b = data(2, 4, 7, 6), data(6, 4, 3, 2), data(6)
    case('conv_plain', 'conv2d', '', [x, w], F.conv2d(x, w))
    case('conv_bias', 'conv2d', '', [x, w, b], F.conv2d(x, w, b))
    case('conv_strides', 'conv2d', 'strides=[2,3]', [x, w, b], F.conv2d(x, w, b, stride=(2, 3)))
    case('conv_pads', 'conv2d', 'pads=[1,0,2,3]', [x, w, b], F.conv2d(F.pad(x, (0, 3, 1, 2)), w, b))
    case('conv_dilations', 'conv2d', 'dilations=[2,3]', [x, w, b], F.conv2d(x, w, b, dilation=(2, 3)))
    g = data(6, 2, 3, 3)
    case('conv_group', 'conv2d', 'pads=[1,1,1,1], group=2', [x, g, b], F.conv2d(x, g, b, padding=1, groups=2))
    d = data(4, 1, 3, 3)
    case('conv_depthwise', 'conv2d', 'group=4', [x, d], F.conv2d(x, d, groups=4))
    case('conv_relu', 'conv2d', 'activation=relu', [x, w, b], F.relu(F.conv2d(x, w, b)))
    x6 = x * 20
    case('conv_relu6', 'conv2d', 'activation=relu6', [x6, w, b], F.relu6(F.conv2d(x6, w, b)))
    x, w, b = data(1, 4, 3, 5), data(4, 3, 3, 2), data(3)
    t = F.conv_transpose2d
    case('convt_plain', 'conv_transpose2d', '', [x, w, b], t(x, w, b))
    case('convt_strides', 'conv_transpose2d', 'strides=[2,3], pads=[1,1,1,1]', [x, w, b], t(x, w, b, (2, 3), 1))
    case('convt_output_pads', 'conv_transpose2d', 'strides=[2,2], pads=[1,0,1,0], output_pads=[1,0]', [x, w, b],
         t(x, w, b, 2, (1, 0), (1, 0)))
    case('convt_dilations', 'conv_transpose2d', 'dilations=[2,3]', [x, w], t(x, w, dilation=(2, 3)))
    case('convt_group', 'conv_transpose2d', 'group=2', [x, w], t(x, w, groups=2))
    oihw = w.permute(1, 0, 2, 3).contiguous()
    case('convt_oihw', 'conv_transpose2d', 'strides=[2,2], filter=oihw', [x, oihw, b], t(x, w, b, 2))
    case('convt_uneven_pads', 'conv_transpose2d', 'pads=[1,0,0,1]', [x, w], t(x, w)[:, :, 1:, :-1])
    case('convt_relu', 'conv_transpose2d', 'activation=relu', [x, w], F.relu(t(x, w)))


def products():
    a, b = data(3, 4, 5), data(3, 5, 6)
    case('matmul_batch', 'matmul', '', [a, b], a @ b)
    stack = data(2, 1, 4, 5)
    case('matmul_broadcast', 'matmul', '', [stack, b], stack @ b)
    case('matmul_transpose_a', 'matmul', 'transpose_a=true', [a.mT.contiguous(), b], a @ b)
    case('matmul_transpose_b', 'matmul', 'transpose_b=true', [a, b.mT.contiguous()], a @ b)
    bias = data(6)
    case('matmul_bias_relu', 'matmul', 'activation=relu', [a, b, bias], F.relu(a @ b + bias))


def pools():
    x = data(2, 3, 8, 9)
    case('max_pool', 'max_pool2d', 'kernel=[3,2], strides=[2,1]', [x], F.max_pool2d(x, (3, 2), (2, 1)))
    case('max_pool_pads', 'max_pool2d', 'kernel=[3,3], strides=[2,2], pads=[1,1,1,1]', [x], F.max_pool2d(x, 3, 2, 1))
    case('max_pool_dilations', 'max_pool2d', 'kernel=[2,2], dilations=[2,3]', [x], F.max_pool2d(x, 2, 1, 0, (2, 3)))
    avg = F.avg_pool2d
    case('avg_pool', 'avg_pool2d', 'kernel=[2,3], strides=[1,2]', [x], avg(x, (2, 3), (1, 2)))
    case('avg_pool_excluding', 'avg_pool2d', 'kernel=[3,3], strides=[2,2], pads=[1,1,1,1]', [x],
         avg(x, 3, 2, 1, count_include_pad=False))
    case('avg_pool_including', 'avg_pool2d', 'kernel=[3,3], strides=[2,2], pads=[1,1,1,1], count_include_pad=true', [x],
         avg(x, 3, 2, 1))
    # ceil_mode of 8 x 9 by 3, stride 2, pad 1: one more row at the end, whose last row never counts
    case('avg_pool_ceil', 'avg_pool2d',
         'kernel=[3,3], strides=[2,2], pads=[1,1,2,1], end_extra=[1,0], count_include_pad=true', [x],
         avg(x, 3, 2, 1, ceil_mode=True))


def norms():
    x, s, t = data(2, 4, 3, 3), data(4), data(4)
    mean, var = data(4), data(4, low=0.5, high=2)
    wide = (1, 4, 1, 1)
    case('scale', 'scale', '', [x, s, t], x * s.view(wide) + t.view(wide))
    case('scale_relu', 'scale', 'activation=relu', [x, s], F.relu(x * s.view(wide)))
    case('batch_norm', 'batch_norm', 'epsilon=0.01f', [x, s, t, mean, var], F.batch_norm(x, mean, var, s, t, eps=0.01))
    g, b = data(3, 3), data(3, 3)
    case('layer_norm', 'layer_norm', 'axis=2', [x, g, b], F.layer_norm(x, (3, 3), g, b))
    case('layer_norm_plain', 'layer_norm', 'axis=1, epsilon=0.1f', [x], F.layer_norm(x, (4, 3, 3), eps=0.1))
    rms = x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)
    case('rms_norm', 'rms_norm', 'axis=3', [x, g[0].contiguous()], rms * g[0])
    case('group_norm', 'group_norm', 'groups=2', [x, s, t], F.group_norm(x, 2, s, t))
    case('instance_norm', 'instance_norm', '', [x, s, t], F.instance_norm(x, weight=s, bias=t))
    case('lrn', 'lrn', 'size=3, alpha=0.1f, beta=0.5f, bias=2.0f', [x], F.local_response_norm(x, 3, 0.1, 0.5, 2))
    case('softmax', 'softmax', '', [x], F.softmax(x, 1))
    case('softmax_last', 'softmax', 'axis=3', [x * 50], F.softmax(x * 50, 3))
    case('log_softmax', 'log_softmax', 'axis=2', [x], F.log_softmax(x, 2))


def reductions():
    x = data(2, 3, 4, 5)
    kinds = {'sum': x.sum((1, 3)), 'mean': x.mean((1, 3)), 'max': x.amax((1, 3)), 'min': x.amin((1, 3)),
             'prod': x.prod(1).prod(2), 'l1': x.abs().sum((1, 3)), 'l2': (x * x).sum((1, 3)).sqrt(),
             'sum_square': (x * x).sum((1, 3))}
    for kind, want in kinds.items():
        attrs = 'axes=[1,3], keep_dims=false'
        case('reduce_' + kind, 'reduce', attrs if kind == 'sum' else 'kind=%s, %s' % (kind, attrs), [x], want)
    case('reduce_keep', 'reduce', 'axes=[2]', [x], x.sum(2, keepdim=True))
    case('arg_max', 'arg_max', 'axis=2', [x], x.argmax(2, keepdim=True), 'i64')
    case('arg_min', 'arg_min', 'axis=3, keep_dims=false', [x], x.argmin(3), 'i64')
    ties = torch.tensor([[1.0, 3, 3], [2, 2, 1]])
    case('arg_max_first', 'arg_max', 'axis=1, keep_dims=false', [ties], torch.tensor([1, 0]), 'i64')
    case('arg_max_last', 'arg_max', 'axis=1, keep_dims=false, select_last=true', [ties], torch.tensor([2, 1]), 'i64')


def resizes():
    x = data(1, 2, 4, 5)
    cubic = lambda r, s=None: cubic_coeffs(r, A=-0.75)
    for mode, fn in ('linear', linear_coeffs), ('cubic', cubic):
        for coordinates in 'half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel':
            for to in ((7, 9), (3, 2)):
                want = interpolate_nd(x.numpy(), lambda r, *a, fn=fn: fn(r), output_size=np.array([1, 2, *to]),
                                      coordinate_transformation_mode=coordinates).astype(np.float32)
                resize('%s_%s_%d' % (mode, coordinates, to[0]), mode, coordinates, x, to, want)
    for nearest in 'round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil':
        fn = lambda r, *a, nearest=nearest: nearest_coeffs(r, mode=nearest)
        want = interpolate_nd(x.numpy(), fn, output_size=np.array([1, 2, 7, 9]),
                              coordinate_transformation_mode='half_pixel').astype(np.float32)
        resize('nearest_' + nearest, 'nearest', 'half_pixel', x, (7, 9), want, ', nearest_mode=%s' % nearest)
    for mode, name in ('bilinear', 'linear'), ('bicubic', 'cubic'):
        want = F.interpolate(x, (2, 3), mode=mode, antialias=True, align_corners=False)
        extra = ', antialias=true, exclude_outside=true' + (', cubic_a=-0.5f' if name == 'cubic' else '')
        resize('antialias_' + name, name, 'half_pixel', x, (2, 3), want, extra)


def resize(name, mode, coordinates, x, to, want, extra=''):
    scales = [np.float32(to[0]) / np.float32(x.shape[2]), np.float32(to[1]) / np.float32(x.shape[3])]
    attrs = [] if mode == 'nearest' else ['mode=%s' % mode]
    attrs += [] if coordinates == 'half_pixel' else ['coordinates=%s' % coordinates]
    attrs += ['sizes=[1,2,%d,%d]' % to, 'scales=[1.0f,1.0f,%sf,%sf]' % tuple(repr(float(s)) for s in scales)]
    case('resize_' + name, 'resize', ', '.join(attrs) + extra, [x], want)


def blocks():
    x = data(2, 8, 2, 3)
    case('depth_to_space_crd', 'depth_to_space', 'block=2, mode=crd', [x], F.pixel_shuffle(x, 2))
    dcr = x.view(2, 2, 2, 2, 2, 3).permute(0, 3, 4, 1, 5, 2).reshape(2, 2, 4, 6)
    case('depth_to_space_dcr', 'depth_to_space', 'block=2', [x], dcr)
    case('space_to_depth', 'space_to_depth', 'block=2', [dcr.contiguous()], x)


convolutions()
products()
pools()
norms()
reductions()
resizes()
blocks()
with open(os.path.join(HERE, 'vectors.tpuir'), 'w', encoding='utf-8') as f:
    f.write('// Written by make_vectors.py; the tensors are in vectors.npz.\n' + '\n'.join(text))
np.savez_compressed(os.path.join(HERE, 'vectors.npz'), **arrays)
print(len(text), 'cases')
