#include "services/push/store/statements.h"

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::push::sql {

std::string Marks(size_t count) {
  std::string marks;
  for (size_t i = 0; i < count; ++i) marks += i == 0 ? "?" : ",?";
  return marks;
}

std::string WithIn(std::string_view head, const std::vector<mysql::Value>& values, mysql::Values* parameters,
                   std::string_view end) {
  parameters->insert(parameters->end(), values.begin(), values.end());
  return absl::StrCat(ToAbsl(head), Marks(values.size()), ToAbsl(end));
}

std::string OfProducts(std::string_view head, const Products& of, mysql::Values* parameters, std::string_view end) {
  if (!of) return absl::StrCat(ToAbsl(head), ToAbsl(end));
  const std::vector<mysql::Value> products(of->begin(), of->end());
  return WithIn(absl::StrCat(ToAbsl(head), " AND product IN ("), products, parameters, absl::StrCat(")", ToAbsl(end)));
}

std::string WithKeys(std::string_view head, std::span<const DeliveryKey> keys, mysql::Values* parameters,
                     std::string_view end) {
  std::string text(head);
  for (size_t i = 0; i < keys.size();) {
    size_t users = 0;
    parameters->emplace_back(mysql::Blob{keys[i].message_id.ToBytes()});
    const Id& message_id = keys[i].message_id;
    for (; i + users < keys.size() && keys[i + users].message_id == message_id; ++users) {
      parameters->emplace_back(keys[i + users].user_id);
    }
    absl::StrAppend(&text, i == 0 ? "" : " OR ", "(message_id = ? AND user_id IN (", Marks(users), "))");
    i += users;
  }
  return text + std::string(end);
}

}  // namespace trivium::push::sql
