#pragma once

#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace theta::json::testing {

/// The rows of the tables below a heading of a document, by what stands as code in their first cell; several in one
/// cell share the row.
inline std::map<std::string, std::string> rows_of(const std::string& document, const std::string& heading) {
  std::string path = THETA_DOCS_FOLDER "/";
  path += document;
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << document;
  std::map<std::string, std::string> rows;
  bool is_there = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("## ", 0) == 0) is_there = line == "## " + heading;
    if (!is_there || line.rfind("| `", 0) != 0) continue;
    const auto cell_end = line.find(" |", 2);
    for (auto begin = line.find('`'); begin < cell_end;) {
      const auto end = line.find('`', begin + 1);
      rows[line.substr(begin + 1, end - begin - 1)] = line.substr(cell_end);
      begin = line.find('`', end + 1);
    }
  }
  EXPECT_FALSE(rows.empty()) << document << " has no table below \"## " << heading << "\"";
  return rows;
}

}  // namespace theta::json::testing
