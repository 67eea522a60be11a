# Debian's xsimd 8 names xtl as a library to link without looking for it; xtl is a set of headers, and not needed here.
if(TARGET xsimd AND NOT TARGET xtl)
  get_target_property(antistrophe_xsimd_links xsimd INTERFACE_LINK_LIBRARIES)
  if(antistrophe_xsimd_links)
    list(REMOVE_ITEM antistrophe_xsimd_links xtl)
    set_target_properties(xsimd PROPERTIES INTERFACE_LINK_LIBRARIES "${antistrophe_xsimd_links}")
  endif()
  unset(antistrophe_xsimd_links)
endif()
