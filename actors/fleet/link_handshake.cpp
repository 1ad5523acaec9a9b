#include "actors/fleet/link_handshake.hpp"

#include "actors/fleet/link_greeting.hpp"
#include "actors/trust/certificate_names.hpp"
#include "protocol/text.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/socket.h>

namespace fleetcast::actors::fleet {

namespace asio = boost::asio;

using protocol::failure;
using protocol::failure_code;

namespace {

std::string name_in(const SSL* tls) {
  const auto* certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr)
    return {};
  std::array<char, 256> name{};
  const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                             name.data(), static_cast<int>(name.size()));
  return size > 0 ? std::string{name.data(), static_cast<std::size_t>(size)} : std::string{};
}

constexpr const char* refused = "its certificate is refused: ";

std::string why_refused(long verified) {
  switch (verified) {
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return std::string{refused} + "another authority has signed it";
    default:
      return std::string{refused} + X509_verify_cert_error_string(verified);
  }
}

bool is_other_name(long verified) noexcept {
  return verified == X509_V_ERR_HOSTNAME_MISMATCH || verified == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

/// The names in the peer's certificate, or none if the authority has not signed it: OpenSSL compares names before it
/// checks signatures.
std::vector<std::string> signed_names(const SSL* tls) {
  const auto* chain = SSL_get0_verified_chain(tls);
  if (chain == nullptr || sk_X509_num(chain) < 2)
    return {};
  auto* own = sk_X509_value(chain, 0);
  if (X509_verify(own, X509_get0_pubkey(sk_X509_value(chain, 1))) != 1)
    return {};
  return names_in(own);
}

/// The certificate is for `signed_for`, and `host` was asked for.
unopened another_name(const std::vector<std::string>& signed_for, const std::string& host) {
  const auto text = fmt::format(
    "{}it is for {}, not for {}. Call the host by a name that its certificate has; or, where the "
    "fleet's authority is, make one that has this name, too (`fleetcast fleet cert host {} {} "
    "--renew`), copy it there and make the agent read it (systemctl reload fleetcast-agent, or "
    "SIGHUP)",
    refused, fmt::join(signed_for, ", "), host, fmt::join(signed_for, " "), host);
  return {{failure_code::handshake_failed, 0, protocol::plain_text(text, '?')}, true};
}

/// The peer has to be the one that was asked for, by name or by address.
bool expect_name(SSL* tls, const std::string& host) {
  auto* parameters = SSL_get0_param(tls);
  boost::system::error_code no_address;
  asio::ip::make_address(host, no_address);
  if (!no_address)
    return X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
  return SSL_set_tlsext_host_name(tls, host.c_str()) == 1
         && X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1;
}

} // namespace

link_handshake::link_handshake(tcp::socket socket, link_context context, std::string host)
  : socket_(std::move(socket)),
    context_(std::move(context)),
    role_(link_role::coordinator),
    host_(std::move(host)),
    timer_(socket_.get_executor()) {}

link_handshake::link_handshake(tcp::socket socket, link_context context, greeter greet)
  : socket_(std::move(socket)),
    context_(std::move(context)),
    role_(link_role::agent),
    greet_(std::move(greet)),
    timer_(socket_.get_executor()) {}

void link_handshake::start(std::chrono::milliseconds limit, callback over) {
  over_ = std::move(over);
  timer_.expires_after(limit);
  timer_.async_wait([weak = weak_from_this(), limit](const boost::system::error_code& cancelled) {
    if (auto me = weak.lock(); me && !cancelled)
      me->abandon({failure_code::connect_timeout, 0,
                   "connected, but the handshake did not end within "
                     + std::to_string(limit.count())
                     + (me->context_ ? " ms; is it overloaded, or stopped?"
                                     : " ms; does it expect TLS, with certificates?")});
  });
  asio::post(socket_.get_executor(), [me = shared_from_this()] {
    if (me->step_ == step::over)
      return;
    if (auto wrong = me->set_up())
      return me->abandon(std::move(wrong));
    me->go_on();
  });
}

void link_handshake::abandon(failure reason) {
  finish(tl::unexpected{unopened{std::move(reason)}});
}

failure link_handshake::set_up() {
  // For OpenSSL here, and for CAF afterwards: on a socket that blocks, one peer would hold up all others.
  boost::system::error_code error;
  socket_.native_non_blocking(true, error);
  if (error)
    return {failure_code::network_fault, static_cast<std::uint32_t>(error.value()),
            "cannot prepare the connection: " + error.message()};
  if (!context_) {
    step_ = step::greeting;
    return {};
  }
  ERR_clear_error();
  tls_ = {SSL_new(context_.get()), SSL_free};
  const bool ok = tls_ && SSL_set_fd(tls_.get(), socket_.native_handle()) == 1
                  && (role_ == link_role::agent || expect_name(tls_.get(), host_));
  if (!ok)
    return {failure_code::internal, 0, "OpenSSL cannot begin a connection: " + tls_complaint()};
  if (role_ == link_role::agent)
    SSL_set_accept_state(tls_.get());
  else
    SSL_set_connect_state(tls_.get());
  return {};
}

void link_handshake::go_on() {
  if (step_ == step::tls && !shake_hands())
    return;
  if (step_ == step::greeting && !(role_ == link_role::agent ? say_greeting() : hear_greeting()))
    return;
  if (step_ != step::over)
    succeed();
}

bool link_handshake::shake_hands() {
  ERR_clear_error();
  const int code = SSL_do_handshake(tls_.get());
  if (code != 1) {
    if (const auto fault = fault_or_wait(code))
      fail_tls(*fault);
    return false;
  }
  step_ = step::greeting;
  return true;
}

void link_handshake::fail_tls(int error) {
  const auto verified = SSL_get_verify_result(tls_.get());
  if (verified == X509_V_OK)
    return fail("the TLS handshake failed", error);
  const auto signed_for
    = is_other_name(verified) ? signed_names(tls_.get()) : std::vector<std::string>{};
  if (signed_for.empty())
    return fail(why_refused(verified), error);
  finish(tl::unexpected{another_name(signed_for, host_)});
}

bool link_handshake::say_greeting() {
  if (line_.empty())
    line_ = greet_();
  while (said_ < line_.size()) {
    const int moved = transfer(line_.data() + said_, line_.size() - said_);
    if (moved <= 0)
      return false;
    said_ += static_cast<std::size_t>(moved);
  }
  return true;
}

bool link_handshake::hear_greeting() {
  // Byte by byte: what follows it belongs to the actor network.
  while (!line_.ends_with('\n') && line_.size() < longest_greeting) {
    char next = 0;
    if (transfer(&next, 1) <= 0)
      return false;
    line_ += next;
  }
  auto refusal = refusal_in(line_);
  if (!refusal)
    return true;
  abandon(std::move(refusal));
  return false;
}

int link_handshake::transfer(char* at, std::size_t size) {
  return tls_ ? transfer_tls(at, static_cast<int>(size)) : transfer_plain(at, size);
}

int link_handshake::transfer_tls(char* at, int size) {
  ERR_clear_error();
  const int moved
    = role_ == link_role::agent ? SSL_write(tls_.get(), at, size) : SSL_read(tls_.get(), at, size);
  if (moved > 0)
    return moved;
  const auto fault = fault_or_wait(moved);
  if (!fault)
    return 0;
  fail("the connection was closed after the TLS handshake; does it refuse this certificate?",
       *fault);
  return -1;
}

int link_handshake::transfer_plain(char* at, std::size_t size) {
  const bool writes = role_ == link_role::agent;
  const auto moved = writes ? ::send(socket_.native_handle(), at, size, MSG_NOSIGNAL)
                            : ::recv(socket_.native_handle(), at, size, 0);
  if (moved > 0)
    return static_cast<int>(moved);
  const int error = moved < 0 ? errno : 0;
  if (error == EAGAIN || error == EINTR) {
    wait(writes ? tcp::socket::wait_write : tcp::socket::wait_read);
    return 0;
  }
  fail(writes ? "the connection was closed before the greeting"
              : "the connection was closed; does the agent expect TLS, with certificates?",
       error);
  return -1;
}

std::optional<int> link_handshake::fault_or_wait(int tls_result) {
  const int error = errno; // before anything else sets it
  switch (SSL_get_error(tls_.get(), tls_result)) {
    case SSL_ERROR_WANT_READ:
      wait(tcp::socket::wait_read);
      return std::nullopt;
    case SSL_ERROR_WANT_WRITE:
      wait(tcp::socket::wait_write);
      return std::nullopt;
    case SSL_ERROR_SYSCALL:
      return error;
    default:
      return 0;
  }
}

void link_handshake::wait(tcp::socket::wait_type what) {
  socket_.async_wait(what, [me = shared_from_this()](const boost::system::error_code& error) {
    if (me->step_ == step::over)
      return;
    if (error)
      return me->fail("the connection cannot be waited for", error.value());
    me->go_on();
  });
}

void link_handshake::fail(const std::string& what, int error) {
  const auto complaint = error != 0 ? std::generic_category().message(error) : tls_complaint();
  abandon({failure_code::handshake_failed, static_cast<std::uint32_t>(error),
           what + (complaint.empty() ? "" : " (" + complaint + ")")});
}

void link_handshake::succeed() {
  open_link link{std::move(socket_), tls_, tls_ ? name_in(tls_.get()) : std::string{}};
  finish(std::move(link));
}

void link_handshake::finish(result value) {
  if (std::exchange(step_, step::over) == step::over)
    return;
  timer_.cancel();
  if (!value) {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  if (const auto over = std::exchange(over_, nullptr))
    over(std::move(value));
}

} // namespace fleetcast::actors::fleet
