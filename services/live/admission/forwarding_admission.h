// An admission that another one does the work of: what decorators are made of.
#pragma once

#include <string>
#include <vector>

#include "services/live/admission/admission.h"

namespace trivium::live {

class ForwardingAdmission : public Admission {
 public:
  explicit ForwardingAdmission(Admission& inner) : inner_(inner) {}  // Not owned; outlives this.

  absl::StatusOr<Generation> BeginGeneration(absl::Duration rebuild, const Call& call) override {
    return inner_.BeginGeneration(rebuild, call);
  }
  absl::Status SetCapacities(std::span<const Capacity> capacities, const Call& call) override {
    return inner_.SetCapacities(capacities, call);
  }
  absl::StatusOr<Batch> ExpireLeases(size_t limit, const Call& call) override {
    return inner_.ExpireLeases(limit, call);
  }
  absl::StatusOr<Batch> AdmitWaiting(size_t limit, const Call& call) override {
    return inner_.AdmitWaiting(limit, call);
  }
  absl::StatusOr<CellCounts> CountCell(const Call& call) override { return inner_.CountCell(call); }
  absl::StatusOr<std::vector<LevelCounts>> CountLevels(std::span<const LevelName> levels, const Call& call) override {
    return inner_.CountLevels(levels, call);
  }
  absl::StatusOr<RoomsScan> ScanRooms(const std::string& cursor, size_t limit, const Call& call) override {
    return inner_.ScanRooms(cursor, limit, call);
  }
  absl::StatusOr<std::vector<Change>> ReadChanges(int64_t after, size_t limit, const Call& call) override {
    return inner_.ReadChanges(after, limit, call);
  }
  absl::Status TrimChanges(int64_t through, const Call& call) override { return inner_.TrimChanges(through, call); }
  absl::Status StartRoom(const StartRoomRequest& request, const Call& call) override {
    return inner_.StartRoom(request, call);
  }
  absl::Status UpdateRoomLimits(const RoomId& room, const RoomLimits& limits, const Call& call) override {
    return inner_.UpdateRoomLimits(room, limits, call);
  }
  absl::StatusOr<Batch> EndRoom(const RoomId& room, size_t limit, const Call& call) override {
    return inner_.EndRoom(room, limit, call);
  }
  absl::StatusOr<RoomCounts> CountRoom(const RoomId& room, const Call& call) override {
    return inner_.CountRoom(room, call);
  }
  absl::StatusOr<std::vector<Participant>> ListParticipants(const RoomId& room, const std::string& after_user_id,
                                                            size_t limit, const Call& call) override {
    return inner_.ListParticipants(room, after_user_id, limit, call);
  }
  absl::StatusOr<Participant> FindParticipant(const RoomId& room, const std::string& user_id,
                                              const Call& call) override {
    return inner_.FindParticipant(room, user_id, call);
  }
  absl::StatusOr<Standing> Move(const MoveRequest& request, const Call& call) override {
    return inner_.Move(request, call);
  }
  absl::StatusOr<Standing> SetMute(const MuteRequest& request, const Call& call) override {
    return inner_.SetMute(request, call);
  }
  absl::StatusOr<bool> Remove(const RemoveRequest& request, const Call& call) override {
    return inner_.Remove(request, call);
  }
  std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) override {
    return inner_.Join(requests, call);
  }
  std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) override {
    return inner_.Renew(requests, call);
  }
  std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) override {
    return inner_.Leave(requests, call);
  }

 protected:
  Admission& inner_;
};

}  // namespace trivium::live
