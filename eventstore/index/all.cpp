#include "eventstore/index/all.hpp"

#include "eventstore/index/customers.hpp"
#include "eventstore/index/dead_letters.hpp"
#include "eventstore/index/references.hpp"
#include "eventstore/index/sources.hpp"

namespace plo::eventstore {

const index_list& all_indexes() {
  static const index_list all{make_source_index(), make_reference_index(), make_customer_index(), make_dead_letter_index()};
  return all;
}

}  // namespace plo::eventstore
