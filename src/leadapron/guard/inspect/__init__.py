"""What an object holds, looked at as it streams by: elements, content rules, digests, removal. Pure.

`Inspector` looks at one data set (`finding`, digests, evidence), `ContentRules` are what it looks for, `Rewriter`
takes private elements out.
"""

from leadapron.guard.inspect.inspector import Depth, Finding, Inspector
from leadapron.guard.inspect.rewrite import Rewriter
from leadapron.guard.inspect.rules import ContentRules

__all__ = ["ContentRules", "Depth", "Finding", "Inspector", "Rewriter"]
