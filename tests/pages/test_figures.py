"""What is drawn on the pages keeps the size of its letters, whatever the run has."""

import re

import numpy as np
import pytest

from lddu.pages.plots import PAGE_INCHES
from lddu.pages.trust_plots import Cloud, latent_panels

pytestmark = pytest.mark.usefixtures("painted")


@pytest.mark.parametrize("modalities", [1, 2, 3, 5])
def test_the_latent_map_of_any_number_of_modalities_is_as_wide_as_the_page(modalities: int) -> None:
    cloud = Cloud(np.eye(2), np.ones(2), np.array([0, 1]))
    drawn = latent_panels({f"modality {m}": cloud for m in range(modalities)}, ("joy", "anger"))
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert found is not None
    assert float(found[1]) == pytest.approx(72 * PAGE_INCHES)  # another would be scaled, letters and all
    assert drawn.count("modality ") >= modalities
