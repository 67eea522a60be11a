// The nasty cases for one list of methods: define Methods, then include this once in a program.
#include "edge_cases/laws.hpp"

#define LAW(title, function)                                \
  TEMPLATE_LIST_TEST_CASE(title, "[edge_cases]", Methods) { \
    INFO(antistrophe::battery::Facts<TestType>::name);      \
    antistrophe::edge_cases::function<TestType>();          \
  }

LAW("1. NaN and infinity are refused by name, before the field is called", refuses_what_is_not_finite)
LAW("2. A field that returns NaN ends the solve with the states before", reports_a_field_that_is_not_finite)
LAW("2. A vjp that returns NaN has no gradient", reports_a_vjp_that_is_not_finite)
LAW("3. Where t0 == t1 the solution is y0", stays_where_there_is_no_time)
LAW("4. Towards smaller times it is the mirror image", goes_back_as_the_mirror_goes_forth)
LAW("6. Duplicate save times have an entry each, and their cotangents add", saves_duplicates_once_each)
LAW("7. One save time amid the solve has its gradient", one_save_time_has_its_gradient)
LAW("10. What rests stays at rest, with its gradient", rests)
LAW("11, 13. At any scale of time, no call is outside the interval", keeps_to_its_times)
LAW("16. Steps are counted past 2^31", counts_past_32_bits)
LAW("17. A throw from any call goes through, and all can be used again", lets_every_throw_through)
LAW("17. A stepper steps again after a throw", steps_again_after_a_throw)
LAW("18. A field that is not a pure function is caught in exact arithmetic", catches_an_impure_field)
LAW("20. Arguments are distinct and aligned", passes_distinct_aligned_arguments)
LAW("24. Threads share nothing but the problem", threads_share_nothing)
