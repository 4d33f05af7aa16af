package alias

func cryptoFamilies() []Family {
	return []Family{
		{Format: "crypto-{algorithm}-all", What: "every implementation of an algorithm", Asks: "crypto/api.c, after the form without -all", Trigger: "looking up an algorithm", Note: "any user by a socket of AF_ALG"},
		{Format: "crypto-{algorithm}", What: "an algorithm or template of the crypto API", Asks: "crypto/api.c, crypto/algapi.c", Trigger: "any use of the algorithm: bind(2) on a socket of AF_ALG, dm-crypt, IPsec, encrypted file systems", Note: "any user by a socket of AF_ALG; a miss costs two runs of modprobe"},
	}
}

func soundFamilies() []Family {
	return []Family{
		{Format: "snd-card-{card:dec}", What: "the driver of a sound card number", Asks: "sound/core/sound.c", Trigger: "opening a sound device of a card that is not there", Note: "only an alias line of the administrator can answer it"},
		{Format: "snd-seq-client-{client:dec}", What: "a client of the sequencer", Asks: "sound/core/seq/seq_clientmgr.c", Trigger: "access to the client", Note: "each number is tried once"},
		{Format: "snd-timer-{timer:dec}", What: "a global timer of sound", Asks: "sound/core/timer.c", Trigger: "opening the timer"},
		{Format: "sound-slot-{slot:dec}", What: "an OSS sound card", Asks: "sound/sound_core.c", Trigger: "opening an OSS device"},
		{Format: "sound-service-{card}-{service:dec}", What: "an OSS device", Asks: "sound/sound_core.c", Trigger: "opening an OSS device, such as /dev/dsp"},
		{Format: "tty-ldisc-{line discipline:dec}", What: "a line discipline", Asks: "drivers/tty/tty_ldisc.c", Trigger: "ioctl TIOCSETD", Needs: "CAP_SYS_MODULE unless sysctl dev.tty.ldisc_autoload is on"},
	}
}

func otherFamilies() []Family {
	return []Family{
		{Format: "symbol:{symbol}", What: "who exports a symbol", Asks: "symbol_request(SYMBOL), as in fs/unicode/utf8-core.c", Trigger: "the code that needs it", Note: "depmod makes these from exported symbols"},
		{Format: "usbfunc:{function}", What: "a function of a USB gadget", Asks: "drivers/usb/gadget/functions.c", Trigger: "mkdir in the gadget's configfs", Needs: "root"},
		{Format: "ledtrig:{trigger}", What: "a trigger of LEDs", Asks: "drivers/leds/led-triggers.c, without waiting", Trigger: "a LED with that default trigger"},
		{Format: "w1-family-0x{family:hex}", What: "the driver of a family of 1-wire devices", Asks: "drivers/w1/w1.c", Trigger: "a device of the family is found"},
		{Format: "cpufreq_{governor}", What: "a governor of the processor's frequency", Asks: "drivers/cpufreq/cpufreq.c", Trigger: "writing to scaling_governor", Needs: "root"},
		{Format: "governor_{governor}", What: "a governor of a device's frequency", Asks: "drivers/devfreq/devfreq.c", Trigger: "writing to governor", Needs: "root"},
		{Format: "vfio-reset:{compatible}", What: "how a platform device is reset", Asks: "drivers/vfio/platform/vfio_platform_common.c", Trigger: "giving the device to user space"},
		{Format: "intel_th_{part}", What: "a part of the Intel trace hub", Asks: "drivers/hwtracing/intel_th", Trigger: "the hub is found"},
		{Format: "ulpi:v{vendor:xhex}p{product:xhex}", What: "a USB PHY", Asks: "drivers/usb/common/ulpi.c, by request_module and in the uevent", Trigger: "the PHY is found"},
	}
}
