"""The seam to whatever makes images."""

from sandbox_server.builder.base import Base, Builder, CodeLayer, Image, LogSink
from sandbox_server.builder.base_image import make_base
from sandbox_server.builder.bases import BaseImage, list_bases, remove_base
from sandbox_server.builder.docker import DockerBuilder
from sandbox_server.builder.engine import Engine
from sandbox_server.builder.memory import MemoryBuilder
from sandbox_server.builder.recipe import BuildLimits

__all__ = [
    "Base",
    "BaseImage",
    "BuildLimits",
    "Builder",
    "CodeLayer",
    "DockerBuilder",
    "Engine",
    "Image",
    "LogSink",
    "MemoryBuilder",
    "list_bases",
    "make_base",
    "remove_base",
]
