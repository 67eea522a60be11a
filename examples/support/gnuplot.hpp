// Pictures by gnuplot, which is fed through a pipe and reads the CSV files that an example has written; what it draws is in
// examples/pictures.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

namespace support {

// One look for all pictures: thin grey axes, a light grid, colours that can also be told apart by the colour-blind.
inline constexpr auto gnuplot_style = R"(
set datafile separator ','
set key autotitle columnheader
set border 3 lc rgb '#666666'
set tics nomirror textcolor rgb '#444444'
set grid lc rgb '#e4e4e4' lt 1
set key top right textcolor rgb '#333333'
blue = 0x0072b2; orange = 0xd55e00; green = 0x009e73; grey = 0x888888
)";

// Draws `picture`, an SVG of the given size in pixels, by gnuplot's `commands`; says where it is, or why there is none.
inline void draw_by_commands(const std::string& picture, int width, int height, const std::string& commands) {
#if defined(__unix__) || defined(__APPLE__)
  if (std::system("command -v gnuplot > /dev/null 2>&1") != 0) {
    std::cout << "No picture: gnuplot is not installed.\n";
    return;
  }
  const std::string script = "set terminal svg size " + std::to_string(width) + "," + std::to_string(height) +
                             " font 'Helvetica,13' background '#ffffff'\nset output '" + picture + "'\n" +
                             gnuplot_style + commands + "\nunset output\n";
  std::FILE* gnuplot = popen("gnuplot", "w");
  const bool written = gnuplot != nullptr && std::fputs(script.c_str(), gnuplot) >= 0;
  const bool drawn = gnuplot != nullptr && pclose(gnuplot) == 0;
  std::cout << (written && drawn ? "Picture: " + picture + "\n" : "No picture: gnuplot failed.\n");
#else
  std::cout << "No picture: this example knows no pipe to gnuplot on this system.\n";
#endif
}

// Draws <name>.svg by the commands of pictures/<script>.gnuplot, which find the name in `name`.
inline void draw(const std::string& name, int width, int height, const std::string& script) {
  draw_by_commands(name + ".svg", width, height,
                   "name = '" + name + "'\nload '" + ANTISTROPHE_EXAMPLE_PICTURES "/" + script + ".gnuplot'\n");
}
inline void draw(const std::string& name, int width, int height) { draw(name, width, height, name); }

}  // namespace support
