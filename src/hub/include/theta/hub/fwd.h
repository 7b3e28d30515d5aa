#pragma once

namespace theta::hub {

class Hub;
class HubObserver;
class HubServer;
struct HubConfig;
struct HubUsage;
struct RoomUsage;

}  // namespace theta::hub
