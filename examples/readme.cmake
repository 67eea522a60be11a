# Fails where the README's quickstart and quickstart.cpp differ: cmake -D README=<file> -D SOURCE=<file> -P readme.cmake
# The README has the source from its first #include on, without the lines that end in (check).
file(READ "${README}" readme)
file(READ "${SOURCE}" source)
string(FIND "${source}" "#include" begin)
string(SUBSTRING "${source}" ${begin} -1 program)
string(REGEX REPLACE "[^\n]*\\(check\\)\n" "" program "${program}")
string(FIND "${readme}" "```cpp\n${program}```\n" found)
if(found EQUAL -1)
  message(FATAL_ERROR "The README's quickstart is not the program of ${SOURCE}: copy the one into the other.")
endif()
