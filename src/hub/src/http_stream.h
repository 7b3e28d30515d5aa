#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "theta/transport/socket_address.h"

namespace theta::hub {

using PlainStream = boost::beast::tcp_stream;
using TlsStream = boost::beast::ssl_stream<boost::beast::tcp_stream>;
using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

[[nodiscard]] boost::asio::ip::tcp::endpoint to_endpoint(const transport::SocketAddress& address);
[[nodiscard]] transport::SocketAddress to_socket_address(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace theta::hub
