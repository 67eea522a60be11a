"""Conan 2: conan create cmake/packaging/conan, from the root of the project. Packages the headers of the tree that it lies in."""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load
from conan.tools.layout import basic_layout

required_conan_version = ">=2.0"


class Antistrophe(ConanFile):
    name = "antistrophe"
    description = "Reversible ODE solving with exact gradients"
    license = "MIT"
    topics = ("ode", "adjoint", "gradient", "neural-ode", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"with_xsimd": [True, False]}  # vectorised tanh and exp for networks
    default_options = {"with_xsimd": False}
    no_copy_source = True

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._root, "include", "antistrophe", "core", "version.hpp"))
        self.version = ".".join(re.findall(r"#define ANTISTROPHE_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)", header))

    def export_sources(self):
        copy(self, "LICENSE", self._root, self.export_sources_folder)
        copy(self, "include/*.hpp", self._root, self.export_sources_folder)

    def layout(self):
        basic_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4 <6]", transitive_headers=True)
        if self.options.with_xsimd:
            self.requires("xsimd/[>=8]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package_id(self):
        self.info.clear()  # the same headers for all

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "include/*.hpp", self.source_folder, self.package_folder)

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "antistrophe")
        self.cpp_info.set_property("cmake_target_name", "antistrophe::antistrophe")
        self.cpp_info.set_property("pkg_config_name", "antistrophe")
        if self.options.with_xsimd:
            self.cpp_info.defines.append("ANTISTROPHE_HAS_XSIMD=1")
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.system_libs = ["pthread", "dl"]  # ensembles on threads; compiled_vjp
