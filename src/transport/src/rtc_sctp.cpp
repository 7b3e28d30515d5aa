#include "rtc_sctp.h"

#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "rtc_channels.h"
#include "rtc_dtls.h"
#include "rtc_sctp_guard.h"
#include "rtc_sdp.h"
#include "theta/base/check.h"

namespace theta::transport {
namespace {

/// usrsctp adds its header to this; and a multiple of four, as SCTP pads its chunks.
constexpr std::size_t kPathMtu = (kDtlsDatagramBytesMax - kDtlsOverheadBytes - kSctpHeaderBytes) & ~std::size_t{3};
/// From here on usrsctp hands out an unfinished message in pieces, so that an endless one is seen.
constexpr std::uint32_t kPartialDeliveryBytes = kFragmentBytesMax + 1024;
/// What usrsctp counts for a message beside its bytes.
constexpr std::size_t kMessageOverheadBytes = 256;

constexpr std::uint8_t kHeartbeatInfo = 1;
constexpr std::size_t kHeartbeatBytes = 2 * kSctpChunkHeaderBytes + HeartbeatNonce::kSize;

// Milliseconds. A browser acknowledges within 200; ten time-outs in a row outlast the consent.
constexpr std::uint32_t kRtoMin = 400;
constexpr std::uint32_t kRtoInitial = 600;
constexpr std::uint32_t kRtoMax = 8000;

void* to_address(std::uint64_t id) { return reinterpret_cast<void*>(static_cast<std::uintptr_t>(id)); }

sockaddr_conn address_of(std::uint64_t id, std::uint16_t port) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = to_address(id);
  return address;
}

template <class Value>
bool set_option(struct ::socket* socket, int level, int name, const Value& value) {
  return usrsctp_setsockopt(socket, level, name, &value, sizeof value) == 0;
}

}  // namespace

SctpStack& SctpStack::instance() {
  static SctpStack stack;
  return stack;
}

SctpStack::SctpStack() {
  usrsctp_init_nothreads(0, &SctpStack::on_output, nullptr);
  // Nothing that a data channel does not need; addresses inside SCTP mean nothing here.
  usrsctp_sysctl_set_sctp_ecn_enable(0);
  usrsctp_sysctl_set_sctp_asconf_enable(0);
  usrsctp_sysctl_set_sctp_auto_asconf(0);
  usrsctp_sysctl_set_sctp_auth_enable(0);
  usrsctp_sysctl_set_sctp_nrsack_enable(0);
  usrsctp_sysctl_set_sctp_pktdrop_enable(0);
  usrsctp_sysctl_set_sctp_no_csum_on_loopback(0);
  // No answer to packets of no association.
  usrsctp_sysctl_set_sctp_blackhole(2);
  usrsctp_sysctl_set_sctp_rto_min_default(kRtoMin);
  usrsctp_sysctl_set_sctp_rto_initial_default(kRtoInitial);
  usrsctp_sysctl_set_sctp_rto_max_default(kRtoMax);
  usrsctp_sysctl_set_sctp_init_rto_max_default(kRtoMax);
}

SctpAssociation* SctpStack::find(void* id) const {
  const auto found = associations_.find(reinterpret_cast<std::uintptr_t>(id));
  return found == associations_.end() ? nullptr : found->second;
}

int SctpStack::on_output(void* id, void* bytes, std::size_t size, std::uint8_t, std::uint8_t) {
  auto& stack = instance();
  auto* association = stack.find(id);
  if (association == nullptr) {
    ++stack.late_packets_;
    return 0;
  }
  association->on_output({static_cast<const std::uint8_t*>(bytes), size});
  return 0;
}

void SctpStack::advance(MonotonicTime now) {
  if (!std::exchange(has_time_, true)) time_ = now;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - time_);
  if (elapsed.count() <= 0) return;
  time_ += elapsed;
  usrsctp_handle_timers(static_cast<std::uint32_t>(elapsed.count()));
}

std::unique_ptr<SctpAssociation> SctpAssociation::connect(SctpHandler& handler, std::uint16_t peer_port,
                                                          std::uint16_t streams) {
  auto& stack = SctpStack::instance();
  std::unique_ptr<SctpAssociation> association(new SctpAssociation(handler, ++stack.count_));
  stack.associations_.emplace(association->id_, association.get());
  if (!association->open(peer_port, streams)) return nullptr;
  return association;
}

bool SctpAssociation::open(std::uint16_t peer_port, std::uint16_t streams) {
  peer_port_ = peer_port;
  usrsctp_register_address(to_address(id_));
  const auto on_received = [](struct ::socket*, sctp_sockstore, void* data, std::size_t size, sctp_rcvinfo info,
                              int flags, void* id) {
    Bytes bytes;
    if (data != nullptr) {
      const auto* begin = static_cast<const std::uint8_t*>(data);
      bytes.assign(begin, begin + size);
      std::free(data);
    }
    auto* association = SctpStack::instance().find(id);
    if (association != nullptr && data != nullptr) {
      association->on_received(std::move(bytes), info.rcv_sid, ntohl(info.rcv_ppid), flags);
    }
    return 1;
  };
  const auto on_space = [](struct ::socket*, std::uint32_t free_bytes, void* id) {
    auto* association = SctpStack::instance().find(id);
    if (association != nullptr) association->on_send_space(free_bytes);
    return 1;
  };
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_received, on_space, 0, to_address(id_));
  if (socket_ == nullptr || !set_options(streams)) return false;
  auto local = address_of(id_, kSctpPort);
  if (usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&local), sizeof local) != 0) return false;
  auto remote = address_of(id_, peer_port);
  const int status = usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&remote), sizeof remote);
  if (status != 0 && errno != EINPROGRESS) return false;
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &remote, sizeof remote);
  path.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE;
  path.spp_pathmtu = kPathMtu;
  return set_option(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
}

bool SctpAssociation::set_options(std::uint16_t streams) {
  // What is not acknowledged when it closes is nobody's business any more.
  const linger no_linger{1, 0};
  const int no_delay = 1;
  const int send_bytes = kSctpSendBufferBytes;
  const int receive_bytes = kSctpReceiveBufferBytes;
  const sctp_initmsg wanted{streams, streams, 0, 0};
  const sctp_assoc_value reset{SCTP_ALL_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ};
  const sctp_assoc_value scheduler{SCTP_ALL_ASSOC, SCTP_SS_PRIORITY};
  bool is_set = usrsctp_set_non_blocking(socket_, 1) == 0 && set_option(socket_, SOL_SOCKET, SO_LINGER, no_linger) &&
                set_option(socket_, SOL_SOCKET, SO_SNDBUF, send_bytes) &&
                set_option(socket_, SOL_SOCKET, SO_RCVBUF, receive_bytes) &&
                set_option(socket_, IPPROTO_SCTP, SCTP_NODELAY, no_delay) &&
                set_option(socket_, IPPROTO_SCTP, SCTP_INITMSG, wanted) &&
                set_option(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, reset) &&
                set_option(socket_, IPPROTO_SCTP, SCTP_PARTIAL_DELIVERY_POINT, kPartialDeliveryBytes) &&
                set_option(socket_, IPPROTO_SCTP, SCTP_PLUGGABLE_SS, scheduler);
  for (const std::uint16_t type : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_SENDER_DRY_EVENT}) {
    sctp_event event{};
    event.se_assoc_id = SCTP_ALL_ASSOC;
    event.se_type = type;
    event.se_on = 1;
    is_set = is_set && set_option(socket_, IPPROTO_SCTP, SCTP_EVENT, event);
  }
  return is_set;
}

SctpAssociation::~SctpAssociation() {
  // Closing sends an ABORT, which still finds its way; what comes later finds nobody.
  if (socket_ != nullptr) usrsctp_close(socket_);
  usrsctp_deregister_address(to_address(id_));
  auto& stack = SctpStack::instance();
  stack.associations_.erase(id_);
  if (stack.associations_.empty()) stack.has_time_ = false;
}

void SctpAssociation::on_output(ByteView packet) {
  // An INIT goes out with no tag, everything else with the peer's.
  constexpr std::size_t kTagAt = 4;
  if (packet.size() >= kSctpHeaderBytes) {
    std::array<std::uint8_t, 4> tag;
    std::copy_n(packet.begin() + kTagAt, tag.size(), tag.begin());
    if (tag != std::array<std::uint8_t, 4>{}) peer_tag_ = tag;
  }
  handler_.on_sctp_output(packet);
}

Bytes SctpAssociation::make_heartbeat(const HeartbeatNonce& nonce) const {
  if (peer_tag_ == std::array<std::uint8_t, 4>{}) return {};
  Bytes packet(kSctpHeaderBytes + kHeartbeatBytes);
  sctp_common_header header{};
  header.source_port = htons(kSctpPort);
  header.destination_port = htons(peer_port_);
  std::memcpy(&header.verification_tag, peer_tag_.data(), peer_tag_.size());
  std::memcpy(packet.data(), &header, sizeof header);
  auto* chunk = packet.data() + kSctpHeaderBytes;
  chunk[0] = SCTP_HEARTBEAT_REQUEST;
  chunk[3] = kHeartbeatBytes;
  chunk[5] = kHeartbeatInfo;
  chunk[7] = kHeartbeatBytes - kSctpChunkHeaderBytes;
  std::copy(nonce.bytes.begin(), nonce.bytes.end(), chunk + 2 * kSctpChunkHeaderBytes);
  header.crc32c = usrsctp_crc32c(packet.data(), packet.size());
  std::memcpy(packet.data(), &header, sizeof header);
  return packet;
}

std::vector<HeartbeatNonce> find_heartbeat_acks(ByteView packet) {
  std::vector<HeartbeatNonce> nonces;
  for_each_sctp_chunk(packet, [&](std::uint8_t type, ByteView chunk) {
    if (type != SCTP_HEARTBEAT_ACK || chunk.size() != kHeartbeatBytes) return;
    nonces.push_back(HeartbeatNonce::from(chunk.subspan(2 * kSctpChunkHeaderBytes)));
  });
  return nonces;
}

void SctpAssociation::receive(ByteView packet) { usrsctp_conninput(to_address(id_), packet.data(), packet.size(), 0); }

SctpAssociation::SendResult SctpAssociation::send(const Message& message) {
  sctp_sendv_spa info{};
  info.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  info.sendv_sndinfo.snd_sid = message.stream;
  info.sendv_sndinfo.snd_ppid = htonl(message.ppid);
  if (message.is_presence) {
    info.sendv_sndinfo.snd_flags = SCTP_UNORDERED;
    info.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    info.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    info.sendv_prinfo.pr_value = 0;
  }
  const auto sent = usrsctp_sendv(socket_, message.bytes.data(), message.bytes.size(), nullptr, 0, &info, sizeof info,
                                  SCTP_SENDV_SPA, 0);
  if (sent == static_cast<ssize_t>(message.bytes.size())) {
    unacknowledged_ += message.bytes.size() + kMessageOverheadBytes;
    return SendResult::sent;
  }
  return errno == EWOULDBLOCK || errno == EAGAIN || errno == ENOBUFS ? SendResult::blocked : SendResult::failed;
}

void SctpAssociation::set_priority(std::uint16_t stream, std::uint16_t priority) {
  const sctp_stream_value value{SCTP_CURRENT_ASSOC, stream, priority};
  (void)set_option(socket_, IPPROTO_SCTP, SCTP_SS_VALUE, value);
}

void SctpAssociation::reset_stream(std::uint16_t stream) {
  alignas(sctp_reset_streams) std::array<std::uint8_t, sizeof(sctp_reset_streams) + sizeof stream> buffer{};
  sctp_reset_streams reset{};
  reset.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  reset.srs_number_streams = 1;
  std::memcpy(buffer.data(), &reset, sizeof reset);
  std::memcpy(buffer.data() + offsetof(sctp_reset_streams, srs_stream_list), &stream, sizeof stream);
  (void)usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, buffer.data(), buffer.size());
}

std::vector<SctpEvent> SctpAssociation::take() { return std::exchange(events_, {}); }

void SctpAssociation::add(SctpEvent event) {
  events_.push_back(std::move(event));
  handler_.on_sctp_pending();
}

void SctpAssociation::on_send_space(std::size_t free_bytes) {
  unacknowledged_ = kSctpSendBufferBytes - std::min(free_bytes, kSctpSendBufferBytes);
  handler_.on_sctp_pending();
}

void SctpAssociation::on_received(Bytes bytes, std::uint16_t stream, std::uint32_t ppid, int flags) {
  if ((flags & MSG_NOTIFICATION) != 0) return on_notification(bytes);
  SctpEvent event;
  event.kind = SctpEvent::Kind::message;
  event.stream = stream;
  event.ppid = ppid;
  event.is_end = (flags & MSG_EOR) != 0;
  event.bytes = std::move(bytes);
  add(std::move(event));
}

void SctpAssociation::on_notification(ByteView bytes) {
  sctp_notification::sctp_tlv header{};
  if (bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  SctpEvent event;
  if (header.sn_type == SCTP_SENDER_DRY_EVENT) {
    unacknowledged_ = 0;
    event.kind = SctpEvent::Kind::dry;
    add(std::move(event));
  } else if (header.sn_type == SCTP_ASSOC_CHANGE && bytes.size() >= sizeof(sctp_assoc_change)) {
    sctp_assoc_change change{};
    std::memcpy(&change, bytes.data(), sizeof change);
    const bool is_up = change.sac_state == SCTP_COMM_UP;
    // A restart begins with new streams and forgets what was sent: for us that is another connection.
    event.kind = is_up ? SctpEvent::Kind::up : SctpEvent::Kind::lost;
    add(std::move(event));
  } else if (header.sn_type == SCTP_STREAM_RESET_EVENT && bytes.size() >= sizeof(sctp_stream_reset_event)) {
    sctp_stream_reset_event reset{};
    std::memcpy(&reset, bytes.data(), sizeof reset);
    if ((reset.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0) return;
    auto list = bytes.subspan(sizeof reset);
    event.kind = SctpEvent::Kind::stream_reset;
    for (; list.size() >= sizeof event.stream; list = list.subspan(sizeof event.stream)) {
      std::memcpy(&event.stream, list.data(), sizeof event.stream);
      add(event);
    }
  }
}

}  // namespace theta::transport
