#include "archives/library.hpp"

namespace pinion::core::archives {

NamesAsBytes::NamesAsBytes(const char *locale)
    : own_(::newlocale(LC_CTYPE_MASK, locale, nullptr)), before_(own_ != nullptr ? ::uselocale(own_) : nullptr) {}

NamesAsBytes::~NamesAsBytes() {
  if (own_ == nullptr) return;
  ::uselocale(before_);
  ::freelocale(own_);
}

} // namespace pinion::core::archives
