// What must hold of a day's messages. Pure: each check gives a sentence for everything that does not hold.
#pragma once

#include <string>
#include <vector>

#include "examples/school-day/message_views.h"

namespace trivium::schoolday {

// accepted = acked + vendor + expired + dropped + pending: of each message, of each class of the product's day, and of
// what ListRecipients says; and the day has grown by no less than what this run published.
std::vector<std::string> CheckDeliveryLedger(const MessageDayRecord& day);
// Each RELIABLE message has a recipient for everybody that it was for; who is acknowledged has seen it; who has not
// seen it is vendor, expired or dropped for a reason; nothing is pending.
std::vector<std::string> CheckNoLostMessage(const MessageDayRecord& day);
// Nobody is shown a message twice, nor one that was canceled before its time, nor one before its time.
std::vector<std::string> CheckShownOnce(const MessageDayRecord& day);
// In each channel offsets follow each other, and chat comes in the order in which it was said, unless the client was
// told that it could not recover; who was not told so has seen all chat since.
std::vector<std::string> CheckOrder(const MessageDayRecord& day);
// The fold of the events equals what GetMessage answers.
std::vector<std::string> CheckMessageEvents(const MessageDayRecord& day);

// All of them and the complaints; at most 15 sentences a product, each begins with the product's name.
std::vector<std::string> CheckAllMessages(const std::vector<MessageDayRecord>& days);

// What ListRecipients says, as a ledger.
DeliveryView LedgerOf(const std::vector<RecipientView>& recipients);

// Whether what the backend published is final by its events, so that it can be judged.
bool IsSettled(const std::vector<MessageRecord>& messages, const std::map<std::string, MessageView>& by_events);

}  // namespace trivium::schoolday
