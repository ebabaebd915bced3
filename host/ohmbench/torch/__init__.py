"""A network of torch whose dense layers run on an array, to be trained there: `on_bench`. Needs the extra `torch`.

with open_bench("twin") as bench:
    net = on_bench(model, bench, example=x[:500])
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(200):
        i = torch.randint(len(x), (64,))
        loss = F.cross_entropy(net(x[i]), y[i])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.program()
"""

from __future__ import annotations

from ohmbench.torch.layers import ArrayLinear
from ohmbench.torch.network import ArrayNetwork, on_bench

__all__ = ["ArrayLinear", "ArrayNetwork", "on_bench"]
