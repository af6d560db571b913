# Rebuilds everything in this folder: draws the pictures, trains the network, exports shapes.onnx and the samples.
#   apt-get install python3-torch python3-numpy python3-pil      then      python3 train.py     (two minutes)
# Seeded: the pictures come out the same on every machine; the weights as far as torch's own arithmetic does.
# Nothing in tpuc needs this script or python; the files it writes are part of the repository.
import os

import numpy as np
import torch
from PIL import Image
from torch import nn

import draw

HERE = os.path.dirname(os.path.abspath(__file__))
TRAIN_COUNT, HELD_OUT_COUNT, EPOCHS, BATCH = 10000, 2000, 20, 64
SEED_TRAIN, SEED_HELD_OUT, SEED_CALIB, SEED_TEST = 1, 2, 3, 4
SAMPLES = 20     # the first test pictures, also written as network inputs


def conv(cin, cout, size, stride=1, groups=1):
    return [nn.Conv2d(cin, cout, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)]


class Separable(nn.Sequential):
    """Depthwise 3x3, then pointwise 1x1 (MobileNet)."""

    def __init__(self, cin, cout, stride, act):
        super().__init__(*conv(cin, cin, 3, stride, cin), act(), *conv(cin, cout, 1), act())


class Residual(nn.Module):
    """x + conv(act(conv(x))) (ResNet)."""

    def __init__(self, channels, act):
        super().__init__()
        self.body = nn.Sequential(*conv(channels, channels, 3), act(), *conv(channels, channels, 3))
        self.act = act()

    def forward(self, x):
        return self.act(x + self.body(x))


class Shapes(nn.Sequential):
    def __init__(self):
        super().__init__(
            *conv(3, 16, 3, 2), nn.Hardswish(),          # 24 x 24
            Separable(16, 32, 2, nn.SiLU),               # 12 x 12
            Residual(32, nn.SiLU),
            Separable(32, 64, 2, nn.Hardswish),          # 6 x 6
            Residual(64, nn.SiLU),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, len(draw.KINDS)))


def train(net, images, labels):
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    steps = EPOCHS * (len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, steps)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(EPOCHS):
        order, total = torch.randperm(len(images)), 0.0
        for i in range(0, len(order) - BATCH + 1, BATCH):
            pick = order[i:i + BATCH]
            x = images[pick]
            x = torch.flip(x, [3]) if i // BATCH % 2 else x          # free variety: mirrored, and turned by 90 degrees
            x = torch.rot90(x, int(torch.randint(4, ())), [2, 3])
            loss = loss_of(net(x), labels[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print('epoch %2d  loss %.4f' % (epoch + 1, total / (len(images) // BATCH)), flush=True)


def accuracy(net, images, labels):
    with torch.no_grad():
        return (net(images).argmax(1) == labels).float().mean().item()


def write_pictures(folder, images, labels):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, 'labels.txt'), 'w') as f:
        for i, (image, label) in enumerate(zip(images, labels)):
            name = '%03d.png' % i
            Image.fromarray(image).save(os.path.join(HERE, folder, name), optimize=True)
            f.write('%s %d %s\n' % (name, label, draw.KINDS[label]))


def write_samples(net, images, labels):
    os.makedirs(os.path.join(HERE, 'samples'), exist_ok=True)
    x = draw.normalise(images[:SAMPLES])
    with torch.no_grad():
        y = net(torch.from_numpy(x)).numpy()
    with open(os.path.join(HERE, 'samples', 'labels.txt'), 'w') as f:
        for i in range(SAMPLES):
            np.savez_compressed(os.path.join(HERE, 'samples', '%02d.npz' % i), image=x[i:i + 1])
            f.write('%02d.npz %d %s\n' % (i, labels[i], draw.KINDS[labels[i]]))
    np.savez(os.path.join(HERE, 'samples', '00_expected.npz'), scores=y[:1])       # of 00.npz, by torch


def export(net):
    # PRESERVE keeps the BatchNorm nodes apart (torch would fold them): tpuc's own rules are to do that work.
    torch.onnx.export(net, torch.zeros(1, 3, draw.SIZE, draw.SIZE), os.path.join(HERE, 'shapes.onnx'), opset_version=13,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      input_names=['image'], output_names=['scores'])


def main():
    torch.manual_seed(1)
    torch.set_num_threads(2)
    images, labels = draw.pictures(TRAIN_COUNT, SEED_TRAIN)
    net = Shapes()
    print('%d parameters' % sum(p.numel() for p in net.parameters()))
    train(net, torch.from_numpy(draw.normalise(images)), torch.from_numpy(labels))
    net.eval()
    for name, count, seed in [('held out', HELD_OUT_COUNT, SEED_HELD_OUT), ('calib', 100, SEED_CALIB), ('test', 100, SEED_TEST)]:
        images, labels = draw.pictures(count, seed)
        share = accuracy(net, torch.from_numpy(draw.normalise(images)), torch.from_numpy(labels))
        print('%s: %.1f %% of %d pictures' % (name, 100 * share, count))
        if name != 'held out':
            write_pictures(name, images, labels)
        if name == 'test':
            write_samples(net, images, labels)
    export(net)


if __name__ == '__main__':
    main()
