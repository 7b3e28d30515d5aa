#pragma once

#include <compare>
#include <map>
#include <optional>

#include "theta/base/ids.h"
#include "theta/wire/schema.h"

namespace theta::log {

using wire::fb::Component;
using wire::fb::ConflictStrategy;

/// Which registers a rule covers. kNoObject: every entity; no component: every component.
struct PolicyScope {
  ObjectId entity = kNoObject;
  std::optional<Component> component;
  friend bool operator==(const PolicyScope&, const PolicyScope&) = default;
  // Any component comes before each. Written out because libc++ 14 has no <=> for optionals.
  friend std::strong_ordering operator<=>(const PolicyScope& left, const PolicyScope& right) {
    if (left.entity != right.entity) return left.entity <=> right.entity;
    const auto rank = [](const PolicyScope& scope) {
      return scope.component ? static_cast<int>(*scope.component) : -1;
    };
    return rank(left) <=> rank(right);
  }
};

/// An admin's overrides of the commands' default conflict strategies. Replicated state.
class PolicyTable {
 public:
  /// Empty strategy clears. The caller has checked limits::kPolicyRulesMax.
  void set(const PolicyScope& scope, std::optional<ConflictStrategy> strategy);
  [[nodiscard]] std::optional<ConflictStrategy> find(const PolicyScope& scope) const;
  /// Most specific first: entity and component, entity, component, room, then `by_default`.
  [[nodiscard]] ConflictStrategy resolve(ObjectId entity, Component component, ConflictStrategy by_default) const;
  [[nodiscard]] const std::map<PolicyScope, ConflictStrategy>& all() const { return rules_; }

 private:
  std::map<PolicyScope, ConflictStrategy> rules_;
};

}  // namespace theta::log
