#include "theta/log/policy.h"

namespace theta::log {

void PolicyTable::set(const PolicyScope& scope, std::optional<ConflictStrategy> strategy) {
  if (strategy) {
    rules_[scope] = *strategy;
  } else {
    rules_.erase(scope);
  }
}

std::optional<ConflictStrategy> PolicyTable::find(const PolicyScope& scope) const {
  const auto found = rules_.find(scope);
  if (found == rules_.end()) return std::nullopt;
  return found->second;
}

ConflictStrategy PolicyTable::resolve(ObjectId entity, Component component, ConflictStrategy by_default) const {
  // Most rooms have no rules, and every write asks.
  if (rules_.empty()) return by_default;
  const PolicyScope scopes[] = {{entity, component}, {entity, {}}, {kNoObject, component}, {kNoObject, {}}};
  for (const auto& scope : scopes)
    if (const auto strategy = find(scope)) return *strategy;
  return by_default;
}

}  // namespace theta::log
