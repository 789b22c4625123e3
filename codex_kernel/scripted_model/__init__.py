"""A loopback Responses API that plays scripts, for the demo and every end-to-end test.

The real Codex binary runs against it: tools, sandbox, approvals and session are real, only the
model is not. The script language is described in `script`. It stands apart from the rest of the
package and imports nothing of it.
"""

from .demo_scenarios import DEMO_FOLDER, demo_scenarios
from .scenarios import Scenario, load_scenarios
from .script import ScriptError
from .server import ScriptedModel

__all__ = [
    "DEMO_FOLDER",
    "Scenario",
    "ScriptError",
    "ScriptedModel",
    "demo_scenarios",
    "load_scenarios",
]
