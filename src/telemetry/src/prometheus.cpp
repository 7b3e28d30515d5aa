#include <cmath>
#include <cstdio>

#include "theta/telemetry/metrics.h"

namespace theta::telemetry {
namespace {

double scale_of(Unit unit) {
  switch (unit) {
    case Unit::nanoseconds: return 1e-9;
    case Unit::thousandths: return 1e-3;
    case Unit::ones:
    case Unit::bytes: break;
  }
  return 1;
}

const char* type_of(Snapshot::Kind kind) {
  switch (kind) {
    case Snapshot::Kind::counter: return "counter";
    case Snapshot::Kind::gauge: return "gauge";
    case Snapshot::Kind::histogram: break;
  }
  return "summary";
}

// Help text escapes backslash and line feed; a label value the double quote as well.
void append_escaped(std::string& out, std::string_view text, bool is_label) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (is_label && c == '"')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[40];
  // Whole numbers in full: a counter must not lose its last digits to an exponent.
  const bool whole = std::fabs(value) < 9e15 && value == std::floor(value);
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.9g", value);
  return text;
}

void append_line(std::string& out, const Snapshot::Sample& sample, const char* suffix, const char* quantile,
                 double value) {
  out += "theta_" + sample.name + suffix;
  std::string labels;
  if (!sample.label_key.empty()) {
    labels += sample.label_key + "=\"";
    append_escaped(labels, sample.label_value, true);
    labels += '"';
  }
  if (quantile != nullptr) {
    if (!labels.empty()) labels += ',';
    labels += std::string("quantile=\"") + quantile + '"';
  }
  if (!labels.empty()) out += '{' + labels + '}';
  out += ' ' + number(value) + '\n';
}

void append_summary(std::string& out, const Snapshot::Sample& sample) {
  const double scale = scale_of(sample.unit);
  append_line(out, sample, "", "0.5", static_cast<double>(sample.p50) * scale);
  append_line(out, sample, "", "0.9", static_cast<double>(sample.p90) * scale);
  append_line(out, sample, "", "0.99", static_cast<double>(sample.p99) * scale);
  append_line(out, sample, "_sum", nullptr, static_cast<double>(sample.sum) * scale);
  append_line(out, sample, "_count", nullptr, static_cast<double>(sample.count));
}

}  // namespace

std::string write_prometheus(const Snapshot& snapshot) {
  std::string out;
  std::string_view family;
  for (const auto& sample : snapshot.samples) {
    // Samples come in name order, so a family's lines stand together under one heading, as the format wants.
    if (sample.name != family) {
      family = sample.name;
      out += "# HELP theta_" + sample.name + ' ';
      append_escaped(out, sample.help, false);
      out += "\n# TYPE theta_" + sample.name + ' ' + type_of(sample.kind) + '\n';
    }
    if (sample.kind == Snapshot::Kind::histogram) {
      append_summary(out, sample);
    } else {
      append_line(out, sample, "", nullptr, sample.value);
    }
  }
  return out;
}

}  // namespace theta::telemetry
