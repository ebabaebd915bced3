"""What an array holds, back into the module that it came from."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ohmbench import from_torch, quantise_network  # noqa: E402
from ohmbench.mapping.imported import map_imported  # noqa: E402
from ohmbench.operations.conductances import Held, state  # noqa: E402
from ohmbench.programming.recipe import Recipe  # noqa: E402


def test_a_state_dict_of_ideal_cells_loads_into_the_module() -> None:
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(2, 6, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(6, 6, 3, groups=6),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(6 * 6 * 6, 5),
    )
    x = torch.rand(64, 2, 8, 8)
    network = quantise_network(from_torch(module, x), x.numpy(), weight_bits=8, activation_bits=8)
    image, recipe = map_imported(network), Recipe()
    held = Held(image, recipe, recipe.targets_usiemens(image.levels, image.max_level), image.mask, {})
    wanted = {name: value.clone() for name, value in module.state_dict().items()}
    back = {name: torch.from_numpy(value) for name, value in state(held, ["0", "2", "5"]).items()}
    module.load_state_dict(back)
    for name, value in wanted.items():
        step = float(value.abs().max()) / 127 if name.endswith("weight") else 0.05
        assert np.allclose(back[name].numpy(), value.numpy(), atol=1.01 * step), name
