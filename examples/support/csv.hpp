// Tables as comma-separated text: what an example reads, and what it leaves behind for a picture or a spreadsheet.
#pragma once

#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <iomanip>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

// A table of numbers, column by column; lines that begin with # are comments, the first other line names the columns.
struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;

  const std::vector<double>& operator[](const std::string& name) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return columns[i];
    throw std::runtime_error("the table has no column called " + name);
  }
};

inline Table read_csv(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  Table table;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream cells(line);
    std::vector<std::string> row;
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    if (table.names.empty()) {
      table.names = row;
      table.columns.resize(row.size());
      continue;
    }
    if (row.size() != table.names.size()) throw std::runtime_error("a row of another length: " + line);
    for (std::size_t i = 0; i < row.size(); ++i) table.columns[i].push_back(std::stod(row[i]));
  }
  return table;
}

// Rows as they come: `Csv csv("fit.csv", {"t", "hare"}); csv.row({1900.0, 34.6});`
class Csv {
 public:
  Csv(const std::string& path, std::initializer_list<const char*> names) : file_(path) {
    if (!file_) throw std::runtime_error("cannot write " + path);
    file_ << std::setprecision(std::numeric_limits<double>::max_digits10);
    const char* separator = "";
    for (const char* name : names) file_ << std::exchange(separator, ",") << name;
    file_ << '\n';
  }

  void row(std::initializer_list<double> values) { row(std::vector<double>(values)); }
  void row(const std::vector<double>& values) {
    const char* separator = "";
    for (const double value : values) file_ << std::exchange(separator, ",") << value;
    file_ << '\n';
  }

 private:
  std::ofstream file_;
};

// A row for each epoch of a training: its number, from 1, and what each column has of it.
inline void write_epochs(const std::string& path, std::initializer_list<const char*> names,
                         std::initializer_list<std::vector<double>> columns) {
  Csv csv(path, names);
  for (std::size_t i = 0; i < columns.begin()->size(); ++i) {
    std::vector<double> row{static_cast<double>(i + 1)};
    for (const auto& column : columns) row.push_back(column[i]);
    csv.row(row);
  }
}

}  // namespace support
