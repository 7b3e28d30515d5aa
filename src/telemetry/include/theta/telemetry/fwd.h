#pragma once

namespace theta::telemetry {

class Counter;
class Gauge;
class Histogram;
class RateMeter;
class Registry;
struct Snapshot;

}  // namespace theta::telemetry
