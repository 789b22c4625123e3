"""JupyterLab without the labextension: what the kernel alone gives a page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ...end_to_end.place import new_place, processes_of, scripted, wait_until
from ..lab import LABEXTENSION, Lab, lab_in


@pytest.fixture(scope="package")
def lab_server() -> Iterator[Lab]:
    with new_place() as place:
        with scripted(place) as model, lab_in(place, model, disabled=[LABEXTENSION]) as lab:
            yield lab
        wait_until(lambda: not processes_of(place), seconds=10)
