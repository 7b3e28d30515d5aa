#pragma once

namespace theta::hub {

class Hub;
class HubObserver;
class HubServer;
struct HubConfig;

}  // namespace theta::hub
