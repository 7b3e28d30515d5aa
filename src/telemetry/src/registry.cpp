#include "theta/base/check.h"
#include "theta/telemetry/metrics.h"

namespace theta::telemetry {

struct Registry::Entry {
  Snapshot::Kind kind = Snapshot::Kind::counter;
  Unit unit = Unit::ones;
  std::string help;
  std::string label_key;
  Counter counter;
  Gauge gauge;
  std::unique_ptr<Histogram> histogram;  // apart, since it is 4 KiB and most entries have none
};

namespace {

bool is_metric_name(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (const char c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!allowed) return false;
  }
  return true;
}

}  // namespace

Registry::Registry() = default;
Registry::~Registry() = default;

Registry::Entry& Registry::entry(const Description& description, Snapshot::Kind kind) {
  THETA_CHECK(is_metric_name(description.name));
  THETA_CHECK(description.label_key.empty() || is_metric_name(description.label_key));
  auto& slot = entries_[{std::string(description.name), std::string(description.label_value)}];
  if (!slot) {
    slot = std::make_unique<Entry>();
    slot->kind = kind;
    slot->unit = description.unit;
    slot->help = description.help;
    slot->label_key = description.label_key;
    if (kind == Snapshot::Kind::histogram) slot->histogram = std::make_unique<Histogram>();
  }
  THETA_CHECK(slot->kind == kind);
  return *slot;
}

Counter& Registry::counter(const Description& description) {
  return entry(description, Snapshot::Kind::counter).counter;
}

Gauge& Registry::gauge(const Description& description) { return entry(description, Snapshot::Kind::gauge).gauge; }

Histogram& Registry::histogram(const Description& description) {
  return *entry(description, Snapshot::Kind::histogram).histogram;
}

Snapshot Registry::snapshot() const {
  Snapshot result;
  result.samples.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) {
    Snapshot::Sample sample;
    sample.name = key.first;
    sample.label_value = key.second;
    sample.help = entry->help;
    sample.label_key = entry->label_key;
    sample.kind = entry->kind;
    sample.unit = entry->unit;
    if (entry->kind == Snapshot::Kind::counter) sample.value = static_cast<double>(entry->counter.value());
    if (entry->kind == Snapshot::Kind::gauge) sample.value = entry->gauge.value();
    if (entry->kind == Snapshot::Kind::histogram) {
      sample.count = entry->histogram->count();
      sample.sum = entry->histogram->sum();
      sample.max = entry->histogram->max();
      sample.p50 = entry->histogram->quantile(0.5);
      sample.p90 = entry->histogram->quantile(0.9);
      sample.p99 = entry->histogram->quantile(0.99);
    }
    result.samples.push_back(std::move(sample));
  }
  return result;
}

const Snapshot::Sample* Snapshot::find(std::string_view name, std::string_view label_value) const {
  for (const auto& sample : samples)
    if (sample.name == name && sample.label_value == label_value) return &sample;
  return nullptr;
}

}  // namespace theta::telemetry
