// Messages and users: read from push in the product's name, without what the messages say.
#include "services/ops/console_fixture.h"

namespace trivium::ops {
namespace {

class MessagesApiTest : public ConsoleFixture {
 protected:
  void SetUp() override {
    ConsoleFixture::SetUp();
    push_.ledger.set_accepted(10);
    push_.ledger.set_acked(5);
    push_.ledger.set_vendor(1);
    push_.ledger.set_expired(1);
    (*push_.ledger.mutable_dropped())["COLLAPSED"] = 2;
    push_.ledger.set_pending(1);
  }
};

TEST_F(MessagesApiTest, ADayIsReadInTheProductsNameForThePerson) {
  const Answer day = Call("GetMessagesDay", {{"product", "acme"}}, SignIn("owner"));
  EXPECT_EQ(day.status, 200) << day.body;
  EXPECT_EQ(push_.last, "GetDay as acme for person:owner");
  EXPECT_EQ(day.body["classes"][0]["delivery"]["accepted"], "10");
  EXPECT_EQ(day.body["classes"][0]["class"], "RELIABLE");
  EXPECT_EQ(day.body["product"]["sendsMessages"], true);
}

TEST_F(MessagesApiTest, ALedgerThatDoesNotAddUpIsSaid) {
  const Browser owner = SignIn("owner");
  const json acme = {{"product", "acme"}}, message = {{"product", "acme"}, {"messageId", "msg_1"}};
  EXPECT_EQ(Call("GetMessagesDay", acme, owner).body["ledgerOk"], true);
  EXPECT_EQ(Call("GetMessage", message, owner).body["ledgerOk"], true);
  push_.ledger.set_pending(2);
  EXPECT_EQ(Call("GetMessagesDay", acme, owner).body.contains("ledgerOk"), false);
  EXPECT_EQ(Call("GetMessage", message, owner).body.contains("ledgerOk"), false);
}

TEST_F(MessagesApiTest, FiltersAndPagesGoToPush) {
  const Answer page = Call("ListMessages",
                           {{"product", "acme"},
                            {"channel", "room:1"},
                            {"class", "RELIABLE"},
                            {"state", "SENT"},
                            {"pageSize", 20},
                            {"pageToken", "t"}},
                           SignIn("owner"));
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_EQ(push_.last, "ListMessages room:1 3 3 20 t as acme for person:owner");
  EXPECT_EQ(page.body["nextPageToken"], "more");
  EXPECT_EQ(Call("ListMessages", {{"product", "acme"}, {"pageSize", -1}}, SignIn("owner")).reason(), "FIELD_INVALID");
}

TEST_F(MessagesApiTest, WhatAMessageSaysIsForItsRecipients) {
  const Browser admin = SignIn("admin");
  const json message = {{"product", "acme"}, {"messageId", "msg_1"}};
  for (const Answer& answer :
       {Call("GetMessage", message, admin), Call("ListMessages", {{"product", "acme"}}, admin)}) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body.dump().find("\"data\""), std::string::npos) << answer.body;
  }
  EXPECT_EQ(Call("GetMessage", message, admin).body["dataBytes"], "18");
  EXPECT_EQ(Call("GetMessage", {{"product", "acme"}, {"messageId", "msg_2"}}, admin).reason(), "MESSAGE_NOT_FOUND");
}

TEST_F(MessagesApiTest, FateByRecipientAndByUser) {
  const Browser owner = SignIn("owner");
  Answer answer = Call("ListRecipients", {{"product", "acme"}, {"messageId", "msg_1"}, {"state", "PENDING"}}, owner);
  EXPECT_EQ(answer.body["recipients"][0]["userId"], "u-1") << answer.body;
  EXPECT_EQ(push_.last, "ListRecipients msg_1 1 as acme for person:owner");
  answer = Call("ListUserMessages", {{"product", "acme"}, {"userId", "u-1"}, {"state", "EXPIRED"}}, owner);
  EXPECT_EQ(answer.body["recipients"][0]["messageId"], "msg_1") << answer.body;
  EXPECT_EQ(push_.last, "ListUserMessages u-1 4 as acme for person:owner");
  answer = Call("GetUserConnections", {{"product", "acme"}, {"userId", "u-1"}}, owner);
  EXPECT_EQ(answer.body["connections"][0]["platform"], "web") << answer.body;
  EXPECT_EQ(push_.last, "GetPresence u-1 as acme for person:owner");
}

}  // namespace
}  // namespace trivium::ops
