"""One workload of benches/workloads on PyTorch alone, timed: one JSON line.

    python torch_peer.py WORKLOAD [--seconds S] [--mode eager|compile]

Loops are written as PyTorch's own examples write them. Networks over pictures are timed in both
orders of the axes (contiguous, channels last); the faster one counts.
"""
import contextlib
import time

import torch
from torch import nn
from torch.nn import functional as F

import common

arguments = common.arguments(__doc__)


def yes_or_no(features, hidden):
    return nn.Sequential(
        nn.Linear(features, hidden[0]),
        nn.ReLU(),
        nn.Linear(hidden[0], hidden[1]),
        nn.ReLU(),
        nn.Linear(hidden[1], 1),
    )


def digits(name):
    """The networks of examples/common/networks.rs, without the softmax: it is in the loss."""
    if name.startswith("mlp"):
        parts, wide = [], 784
        for _ in range(1 if name == "mlp_one_layer" else 2):
            parts += [nn.Linear(wide, 512), nn.ReLU()]
            wide = 512
            if name.endswith("dropout"):
                parts.append(nn.Dropout(0.5))
        return nn.Sequential(*parts, nn.Linear(512, 10))
    if name == "le_net":
        return nn.Sequential(
            nn.Conv2d(1, 20, 5, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(20, 50, 5, padding="same"),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(7 * 7 * 50, 500),
            nn.ReLU(),
            nn.Linear(500, 10),
        )
    norm = name.endswith("batch_norm")
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        *([nn.BatchNorm2d(32)] if norm else []),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 64),
        nn.ReLU(),
        *([nn.BatchNorm1d(64)] if norm else []),
        nn.Linear(64, 10),
    )


def cifar_net():
    def conv(before, after):
        return [nn.Conv2d(before, after, 3, padding="same"), nn.ReLU()]

    return nn.Sequential(
        *conv(3, 32),
        *conv(32, 32),
        nn.MaxPool2d(2),
        *conv(32, 64),
        *conv(64, 64),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(4096, 512),
        nn.ReLU(),
        nn.Linear(512, 10),
    )


class Sentences(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.embedding = nn.Embedding(10_000, 32)
        layer = nn.LSTM if name == "lstm" else nn.GRU
        self.read = layer(32, 32, batch_first=True)
        self.verdict = nn.Linear(32, 1)

    def forward(self, x):
        outputs, _ = self.read(self.embedding(x))
        return self.verdict(outputs[:, -1])


class Attention(nn.Module):
    """Eight heads of 64 numbers, each of which sees 64 numbers of a step."""

    def __init__(self):
        super().__init__()
        self.steps = nn.Linear(64, 64)
        self.asked = nn.Linear(64, 3 * 8 * 64)
        self.told = nn.Linear(8 * 64, 64)
        self.verdict = nn.Linear(64, 1)

    def forward(self, x):
        batch, steps, _ = x.shape
        asked = self.asked(self.steps(x)).view(batch, steps, 3, 8, 64).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(*asked)
        seen = self.told(seen.transpose(1, 2).reshape(batch, steps, -1))
        return self.verdict(seen.mean(1))


class Steps(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(64, 64, 5, padding="same")
        self.second = nn.Conv1d(64, 64, 5, padding="same")
        self.verdict = nn.Linear(64, 1)

    def forward(self, x):
        x = F.relu(self.second(F.relu(self.first(x.transpose(1, 2)))))
        return self.verdict(x.amax(-1))


def depthwise():
    return nn.Sequential(
        nn.Conv2d(3, 64, 1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding="same", groups=64),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, 2, 1, groups=64),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


class Residual(nn.Module):
    def __init__(self, before, filters, stride, project):
        super().__init__()

        def norm(conv):
            return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels, eps=1.001e-5))

        self.short = norm(nn.Conv2d(before, 4 * filters, 1, stride)) if project else nn.Identity()
        self.long = nn.Sequential(
            norm(nn.Conv2d(before, filters, 1, stride)),
            nn.ReLU(),
            norm(nn.Conv2d(filters, filters, 3, padding=1)),
            nn.ReLU(),
            norm(nn.Conv2d(filters, 4 * filters, 1)),
        )

    def forward(self, x):
        return F.relu(self.short(x) + self.long(x))


def resnet50():
    parts = [
        nn.Conv2d(3, 64, 7, 2, 3),
        nn.BatchNorm2d(64, eps=1.001e-5),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
    ]
    before = 64
    for filters, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            parts.append(Residual(before, filters, 1 if block else stride, block == 0))
            before = 4 * filters
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000), nn.Softmax(1)
    )


def mobilenet():
    def norm(filters):
        return [nn.BatchNorm2d(filters, eps=1e-3), nn.ReLU6()]

    def corner(stride):
        return [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []

    parts = [*corner(2), nn.Conv2d(3, 32, 3, 2, bias=False), *norm(32)]
    before = 32
    blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    for filters, stride in [*blocks, *[(512, 1)] * 5, (1024, 2), (1024, 1)]:
        pad = 0 if stride == 2 else 1
        depthwise = nn.Conv2d(before, before, 3, stride, pad, groups=before, bias=False)
        pointwise = nn.Conv2d(before, filters, 1, bias=False)
        parts += [*corner(stride), depthwise, *norm(before), pointwise, *norm(filters)]
        before = filters
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Conv2d(1024, 1000, 1), nn.Flatten(), nn.Softmax(1)
    )


def autocast():
    if arguments.workload.endswith("_bfloat16"):
        return torch.autocast("cpu", torch.bfloat16)
    return contextlib.nullcontext()


def train(make, loss_of, x, y, batch):
    """The fastest order of the axes; seconds of an epoch, after a first one that warms up."""
    found = []
    for last in (False, True) if x.ndim == 4 else (False,):
        model, data = make(), x
        if last:
            model, data = model.to(memory_format=torch.channels_last), channels_last(x)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)
        call = torch.compile(model) if arguments.mode == "compile" else model
        times, end = [], None
        while len(times) < 2 or time.perf_counter() < end:
            began = time.perf_counter()
            order = torch.randperm(len(data))
            for i in range(0, len(data), batch):
                picked = order[i : i + batch]
                optimizer.zero_grad(set_to_none=True)
                with autocast():
                    outputs = call(data[picked])
                loss = loss_of(outputs.float(), y[picked])
                loss.backward()
                optimizer.step()
            loss.item()
            times.append(time.perf_counter() - began)
            end = end or time.perf_counter() + arguments.seconds / (2 if x.ndim == 4 else 1)
        steps = -(-len(data) // batch)
        way = "channels last" if last else "contiguous"
        found.append((common.median(times[1:]) / steps * 1e6, way))
    us, way = min(found)
    return dict(us=us, batch=batch, via=way)


def channels_last(x):
    return x.contiguous(memory_format=torch.channels_last)


def tensors(x, y):
    x = torch.from_numpy(x)
    return (x.permute(0, 3, 1, 2).contiguous() if x.ndim == 4 else x), torch.from_numpy(y)


def predict(make, shape, batch):
    model = make().eval()
    x = torch.rand(batch, *shape)

    def ways():
        for last in (False, True):
            m, data = model, x
            if last:
                m, data = model.to(memory_format=torch.channels_last), channels_last(x)
            call = torch.compile(m) if arguments.mode == "compile" else m

            def run(call=call, data=data):
                with torch.inference_mode(), autocast():
                    return call(data)

            yield "channels last" if last else "contiguous", run

    return common.fastest(ways(), arguments.seconds, batch)


def start():
    x, y = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0]])
    model = yes_or_no(2, [8, 4])
    optimizer = torch.optim.Adam(model.parameters())
    F.binary_cross_entropy_with_logits(model(x), y).backward()
    optimizer.step()
    return dict(us=0.0, batch=1, via="loop")


def yes(outputs, y):
    return F.binary_cross_entropy_with_logits(outputs.reshape(y.shape), y)


def ten(outputs, y):
    return F.cross_entropy(outputs, y)


def measure(name):
    if name == "start":
        return start()
    if name == "xor":
        return train(lambda: yes_or_no(2, [8, 4]), yes, *tensors(*common.xor()), 1)
    if name == "churn":
        return train(lambda: yes_or_no(11, [6, 6]), yes, *tensors(*common.churn()), 10)
    if name == "cifar_net":
        return train(cifar_net, ten, *tensors(*common.cifar()), 64)
    if name == "depthwise":
        return train(depthwise, ten, *tensors(*common.cifar()), 64)
    if name in ("attention", "conv1d"):
        make = Attention if name == "attention" else Steps
        return train(make, yes, *tensors(*common.sequences()), 32)
    if name in ("lstm", "gru"):
        return train(lambda: Sentences(name), yes, *tensors(*common.words()), 32)
    if name.startswith("predict_"):
        net, batch = name.removeprefix("predict_").rsplit("_", 1)
        if net == "conv_net":
            make = lambda: nn.Sequential(digits(net), nn.Softmax(1))
            return predict(make, (1, 28, 28), int(batch))
        make = {"resnet50": resnet50, "mobilenet": mobilenet}[net]
        return predict(make, (3, 224, 224), int(batch))
    net = name.removesuffix("_bfloat16")
    return train(lambda: digits(net), ten, *tensors(*common.digits(net)), 256)


torch.manual_seed(0)
common.report(arguments, measure(arguments.workload), torch=torch.__version__)
