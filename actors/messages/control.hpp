/// Messages of the control plane that actors pass on as they are.
#pragma once

#include "actors/messages/vocabulary.hpp"
#include "protocol/wire/control_messages.hpp"

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::client_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::feedback_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::fetch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::fetched)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::list_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::receipt)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::receipt_noted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fleetcast::protocol::wire::session_ended)
