// Where the precompiled header is compiled (support/precompiled.hpp); it has no code of its own.
