"""The seam to whatever makes images."""

from sandbox_server.builder.base import (
    Base,
    Builder,
    CodeLayer,
    Image,
    Installed,
    Library,
    Program,
    Report,
    SourcePackage,
)
from sandbox_server.builder.base_extras import Extras, check_extras
from sandbox_server.builder.base_image import make_base
from sandbox_server.builder.base_sources import BaseSources
from sandbox_server.builder.bases import BaseImage, list_bases, remove_base
from sandbox_server.builder.docker import DockerBuilder
from sandbox_server.builder.engine import Engine
from sandbox_server.builder.memory import MemoryBuilder
from sandbox_server.builder.overlay import keep_overlay, kept_overlay
from sandbox_server.builder.recipe import BuildLimits

__all__ = [
    "Base",
    "BaseImage",
    "BaseSources",
    "BuildLimits",
    "Builder",
    "CodeLayer",
    "DockerBuilder",
    "Engine",
    "Extras",
    "Image",
    "Installed",
    "Library",
    "MemoryBuilder",
    "Program",
    "Report",
    "SourcePackage",
    "check_extras",
    "keep_overlay",
    "kept_overlay",
    "list_bases",
    "make_base",
    "remove_base",
]
