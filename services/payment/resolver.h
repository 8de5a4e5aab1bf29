// Finds out from PSPs how things stand, and records it. Everything that a PSP says - by an answer or a callback - goes
// through here, and so does everything that payment asks of a PSP.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "services/payment/fencing.h"
#include "services/payment/metrics.h"
#include "services/payment/profiles.h"
#include "services/payment/psp/psp.h"
#include "services/payment/psp/silence_book.h"
#include "services/payment/store/store.h"

namespace trivium::payment {

// Thread-safe. Blocks on the PSP and the store until `deadline` at most; Ask, Expire and Advance on the PSP until then,
// and on the store for 5 s more. Errors: those of the store's writes.
class Resolver {
 public:
  // All references outlive it.
  Resolver(Store& store, const Psps& psps, const SilenceBook& book, Profiles& profiles, Fencing& fencing, Clock& clock,
           PaymentMetrics& metrics)
      : store_(store),
        psps_(psps),
        book_(book),
        profiles_(profiles),
        fencing_(fencing),
        clock_(clock),
        metrics_(metrics) {}

  // Asks how an open payment stands. Without news the next question is put off by the schedule.
  absl::StatusOr<Verdict> Ask(const Payment& payment, absl::Time deadline);
  // Ends a payment whose time is over: closes the trade first, so that it cannot be paid afterwards. When the PSP says
  // that it has been paid, it is paid.
  absl::StatusOr<Verdict> Expire(const Payment& payment, absl::Time deadline);
  // Closes a payment's trade for a cancellation. true: it cannot be paid any more. false: it has been paid (and that is
  // recorded), is being paid, or the PSP does not answer.
  absl::StatusOr<bool> Close(const Payment& payment, absl::Time deadline);

  // Sends a refund that the PSP has not got yet, or asks how it stands; sends it again, under the same number, when the
  // PSP does not know it.
  absl::StatusOr<Verdict> Advance(const Refund& refund, absl::Time deadline);

  // A callback. NOT_FOUND: it matches nothing here.
  absl::StatusOr<Verdict> Hear(const PspNotice& notice, absl::Time deadline);

 private:
  absl::StatusOr<PaymentResult> Record(const std::string& product, const Id& payment_id, PaymentSignal signal,
                                       absl::Time deadline);
  absl::StatusOr<RefundResult> Record(const std::string& product, const Id& refund_id, RefundEvent event,
                                      absl::Time deadline);
  // Records a signal; when it is no news, puts the next question off. outcome: of the last one.
  absl::StatusOr<Verdict> RecordOrPutOff(const Payment& payment, PaymentSignal signal, PspOutcome outcome,
                                         absl::Time deadline);
  absl::StatusOr<Verdict> RecordOrPutOff(const Refund& refund, RefundEvent event, PspOutcome outcome,
                                         absl::Time deadline);
  absl::StatusOr<Verdict> Ask(const Payment& payment, absl::Time deadline, absl::Time record_by);
  // Only while the object is as it was read.
  absl::StatusOr<Verdict> PutOff(const Payment& payment, PspOutcome outcome, absl::Time deadline);
  absl::StatusOr<Verdict> PutOff(const Refund& refund, PspOutcome outcome, absl::Time deadline);
  // object: what the PSP knows it by. T: Payment or Refund.
  template <typename T>
  NextCheck NextOf(const T& t, const Id& object, PspOutcome outcome) const;
  absl::StatusOr<Verdict> Send(const Refund& refund, absl::Time deadline);
  Psp* Find(const std::string& name) const;
  absl::Time Now() const;

  Store& store_;
  const Psps& psps_;
  const SilenceBook& book_;
  Profiles& profiles_;
  Fencing& fencing_;
  Clock& clock_;
  PaymentMetrics& metrics_;
};

}  // namespace trivium::payment
