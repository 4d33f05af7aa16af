/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stubs that a hooked function's entry is sent to.
 *
 * A stub is entered by the return of ftrace's trampoline or of the breakpoint
 * trap, with all registers and the stack as at the function's entry. It saves
 * the registers that may hold arguments and calls kmodsh_enter() in the
 * context of the caller, where it may sleep. That returns where to go on in
 * the function, or 0 to return to its caller with the saved rax.
 *
 * The way on is a return, not a jump: an indirect jump would need a thunk
 * against speculation and, with indirect branch tracking, an ENDBR to land on,
 * which there is none behind a function's entry.
 */
#include <linux/linkage.h>
#include <asm/unwind_hints.h>
#include <asm/nospec-branch.h>
#include "limits.h"

	.text

	.irp nr,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
SYM_FUNC_START(kmodsh_stub_\nr)
	pushq	$0			/* becomes the address to go on at */
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%r8
	pushq	%r9
	pushq	%rax			/* al counts vector arguments */
	pushq	%r10
	pushq	%r11
	movl	$\nr, %edi
	movq	%rsp, %rsi
	call	kmodsh_enter
	movq	%rax, 8(%rbp)
	testq	%rax, %rax
	popq	%r11
	popq	%r10
	popq	%rax
	popq	%r9
	popq	%r8
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	popq	%rbp
	jz	.Lskip_\nr
	UNWIND_HINT_FUNC
	RET				/* into the function */
.Lskip_\nr:
	addq	$8, %rsp
	RET				/* to its caller */
SYM_FUNC_END(kmodsh_stub_\nr)
	.endr

/*
 * unsigned long kmodsh_call(unsigned long fn, unsigned long a, unsigned long b)
 * calls a function that is not exported. By a return, as above: a function
 * whose address the kernel itself never takes has lost its ENDBR at boot.
 */
SYM_FUNC_START(kmodsh_call)
	pushq	%rdi
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	UNWIND_HINT_FUNC
	RET
SYM_FUNC_END(kmodsh_call)

	.section .rodata
	.balign 8
SYM_DATA_START(kmodsh_stubs)
	.irp nr,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63
	.quad	kmodsh_stub_\nr
	.endr
SYM_DATA_END(kmodsh_stubs)
