"""The shapes written in the code are checked while the tests run."""

import pytest
import torch
from jaxtyping import TypeCheckError

from lddu.models import equations


def test_a_tensor_of_another_shape_than_annotated_is_refused() -> None:
    with pytest.raises(TypeCheckError, match="clip modality emotion latent"):
        equations.width(torch.zeros(2, 3))
