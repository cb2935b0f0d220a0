! A program in Fortran alone that opens an engine; built as user.c is. It must never need C enabled.
program user
  use, intrinsic :: iso_c_binding
  implicit none
  type, bind(c) :: engine_options
    integer(c_int) :: workers = 2, bind = 0
    integer(c_size_t) :: max_in_flight = 0, max_bytes = 0
    integer(c_int) :: share = 0, shares = 0
    integer(c_int64_t) :: reserved(8) = 0
  end type
  interface
    integer(c_int) function weir_engine_open(options, engine) bind(c)
      import :: c_int, c_ptr, engine_options
      type(engine_options), intent(in) :: options
      type(c_ptr), intent(out) :: engine
    end function
    integer(c_int) function weir_engine_workers(engine) bind(c)
      import :: c_int, c_ptr
      type(c_ptr), value :: engine
    end function
    subroutine weir_engine_close(engine) bind(c)
      import :: c_ptr
      type(c_ptr), value :: engine
    end subroutine
  end interface
  type(c_ptr) :: engine
  if (weir_engine_open(engine_options(), engine) /= 0) stop 1
  if (weir_engine_workers(engine) /= 2) stop 2
  call weir_engine_close(engine)
end program
