#pragma once

#include <cstdint>

namespace theta::client {

class Command;
class Persistence;
class Session;
class Client;
struct SessionOptions;
struct ClientOptions;
struct NewEntity;
struct Presence;
enum class ClientError : std::uint8_t;

}  // namespace theta::client
