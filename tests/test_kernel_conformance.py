"""The kernel against Jupyter's own conformance tests, with the real Codex behind it."""

from __future__ import annotations

import contextlib
import os
from typing import Any, ClassVar
from unittest import mock

import jupyter_kernel_test

from .end_to_end.place import new_place, scripted
from .end_to_end.script import cell, say


class TestCodexKernel(jupyter_kernel_test.KernelTests):
    """Every sample that means something for prompts."""

    kernel_name = "codex"
    language_name = "codex"
    file_extension = ".md"
    code_hello_world = cell(say("hello, world"))
    code_execute_result: ClassVar[list[dict[str, str]]] = [
        {"code": "Explain this folder."},
        {"code": "/status"},
    ]
    code_display_data: ClassVar[list[dict[str, str]]] = [
        {"code": "/help", "mime": "text/html"},
        {"code": "/status", "mime": "text/plain"},
    ]
    code_generate_error = "/no-such-command"
    completion_samples: ClassVar[list[dict[str, Any]]] = [
        {"text": "/mod", "matches": {"/model"}},
        {"text": "/sandbox read", "matches": {"read-only"}},
    ]
    complete_code_samples: ClassVar[list[str]] = ["Explain this folder.", "/help", "!ls"]
    incomplete_code_samples: ClassVar[list[str]] = ["Write this:\\"]
    invalid_code_samples: ClassVar[list[str]] = []
    code_inspect_sample = "/model"
    code_history_pattern = "Explain*"
    supported_history_operations = ("tail", "range", "search")
    support_iopub_welcome = True

    test_execute_result = None
    """A turn is a display that is updated while it runs, never a result."""
    test_execute_stderr = None
    test_pager = None
    test_clear_output = None
    """Nothing in a prompt asks for these."""

    def test_display_data(self) -> None:
        """As a runner without a user: a console gets text instead."""
        with mock.patch.object(self.kc, "allow_stdin", False):
            super().test_display_data()

    @classmethod
    def setUpClass(cls) -> None:
        """A place of its own for the kernel and what it starts."""
        cls.stack = contextlib.ExitStack()
        place = cls.stack.enter_context(new_place())
        cls.stack.enter_context(scripted(place))
        environ = place.environ()
        cls.stack.enter_context(mock.patch.dict(os.environ, environ))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        """End the kernel before its folders go."""
        super().tearDownClass()
        cls.stack.close()
